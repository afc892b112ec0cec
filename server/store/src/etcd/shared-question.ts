/**
 * One question that many ask at once. An answer is good for those who asked before it was put, so one is under way at a time, and all who
 * come meanwhile share the next.
 */
export class SharedQuestion<T> {
  readonly #ask: () => Promise<T>;
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  answer(): Promise<T> {
    if (!this.#current) return this.#put();
    const put = (): Promise<T> => this.#put();
    return (this.#next ??= this.#current.then(put, put));
  }

  #put(): Promise<T> {
    this.#next = undefined;
    const asked = this.#ask().finally(() => {
      if (this.#current === asked && !this.#next) this.#current = undefined;
    });
    return (this.#current = asked);
  }
}
