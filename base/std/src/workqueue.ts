/**
 * The queue between "something changed" and "make it right".
 *
 * Three promises, and every controller leans on all of them:
 * - fair: keys come out in the order they went in;
 * - stingy: a key added many times before it is taken comes out once;
 * - exclusive: a key is never out twice. If it is added while out, it goes back in on `done`.
 *
 * Keys only, no events: whoever takes a key reads the world afresh.
 */
export class WorkQueue {
  readonly #observer: QueueObserver | undefined;
  /** In order, what to hand out next. Always dirty, never processing. */
  #order: string[] = [];
  #head = 0;
  /** What needs work, whether or not it is being worked on now. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(observer?: QueueObserver) {
    this.#observer = observer;
  }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#observer?.added(key);
    if (!this.#processing.has(key)) this.#push(key);
  }

  /** The next key, waiting for one if need be; `undefined` once the queue is closed and empty. */
  async take(): Promise<string | undefined> {
    if (this.#head < this.#order.length) return this.#start(this.#shift());
    if (this.#closed) return undefined;
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Must follow every `take`, however the work ended. */
  done(key: string): void {
    this.#processing.delete(key);
    this.#observer?.done(key);
    if (this.#dirty.has(key)) this.#push(key);
  }

  /** Nothing waits and nothing is being worked on. */
  get idle(): boolean {
    return this.#dirty.size === 0 && this.#processing.size === 0;
  }

  /** How many keys wait. */
  get depth(): number {
    return this.#order.length - this.#head;
  }

  close(): void {
    this.#closed = true;
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #push(key: string): void {
    const taker = this.#takers.shift();
    if (taker) taker(this.#start(key));
    else this.#order.push(key);
  }

  /** Amortised constant: `Array.prototype.shift` moves every element of a long queue. */
  #shift(): string {
    const key = this.#order[this.#head++]!;
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }

  #start(key: string): string {
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#observer?.taken(key);
    return key;
  }
}

/** Hears of what a queue does; must not do anything to it. */
export interface QueueObserver {
  added(key: string): void;
  taken(key: string): void;
  done(key: string): void;
}
