/** How long a request was in which stage: for those that look into slow ones, and for figures that leave out what others took. */

export type Stage =
  | "authentication"
  | "queue"
  | "authorization"
  | "body"
  | "mutating"
  | "webhooks"
  | "validating"
  | "store"
  | "answer";

export class Stages {
  readonly #now: () => number;
  readonly #started: number;
  #spent: Partial<Record<Stage, number>> | undefined;
  #store: number | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#started = now();
  }

  /** Milliseconds since the request came. */
  get total(): number {
    return this.#now() - this.#started;
  }

  add(stage: Stage, milliseconds: number): void {
    this.#spent ??= {};
    this.#spent[stage] = this.spent(stage) + milliseconds;
  }

  spent(stage: Stage): number {
    return this.#spent?.[stage] ?? 0;
  }

  /** The time until `waiting` settles. */
  async during<T>(stage: Stage, waiting: Promise<T>): Promise<T> {
    const started = this.#now();
    try {
      return await waiting;
    } finally {
      this.add(stage, this.#now() - started);
    }
  }

  /** All is decided: from here on the store has it, until the request is answered. Said again when the write is decided anew. */
  beginStore(): void {
    this.#store = this.#now();
  }

  endStore(): void {
    if (this.#store !== undefined) this.add("store", this.#now() - this.#store);
    this.#store = undefined;
  }

  /** Whole milliseconds by stage, the longest first; those that took none are left out. Mutating and validating have webhooks in them. */
  get fields(): Readonly<Record<string, number>> {
    const rows = Object.entries(this.#spent ?? {}).map(
      ([stage, spent]) => [stage, Math.round(spent)] as const,
    );
    return Object.fromEntries(rows.filter(([, spent]) => spent > 0).sort(([, a], [, b]) => b - a));
  }
}
