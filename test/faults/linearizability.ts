/**
 * Whether what clients saw of one object could have been seen of an object that does one thing after another: each operation takes effect in
 * one moment between its call and its return (Herlihy and Wing). Wing and Gong's search, with what was tried remembered (Lowe):
 *
 *     a  |--cas 0→1, ok--|
 *     b       |--read 0--|      yes: b before a, or no word would be said
 *     c                    |--read 0--|   no: a has returned, and c must see it
 *
 * An operation whose answer never came may have taken effect at any time after its call, or never.
 */

export type Operation = {
  /** Who did it: of use to people only. */
  readonly client: string;
  readonly called: number;
  /** Infinity when no answer came. */
  readonly returned: number;
} & (
  | { readonly type: "read"; readonly value: string }
  | {
      readonly type: "cas";
      readonly expected: string;
      readonly value: string;
      /** Refused: the object had another value. Unknown: no answer came. */
      readonly outcome: "ok" | "refused" | "unknown";
    }
);

export type Verdict =
  | { readonly isLinearizable: true }
  /** The longest order that could be found, and the operations that none of them can come after it. */
  | {
      readonly isLinearizable: false;
      readonly order: readonly Operation[];
      readonly stuck: readonly Operation[];
    };

interface Step {
  readonly done: ReadonlySet<number>;
  readonly value: string;
  readonly order: readonly number[];
}

/** The history of one object that begins with the value `initial`. */
export function checkHistory(history: readonly Operation[], initial: string): Verdict {
  // A read that got no answer says nothing.
  const operations = history
    .filter(({ type, returned }) => type === "cas" || returned !== Infinity)
    .toSorted((a, b) => a.called - b.called);
  const tried = new Set<string>();
  const left: Step[] = [{ done: new Set(), value: initial, order: [] }];
  let longest = left[0]!;
  for (let step = left.pop(); step; step = left.pop()) {
    if (step.order.length > longest.order.length) longest = step;
    const candidates = candidatesFor(operations, step.done);
    if (candidates.every((index) => isUnknown(operations[index]!))) return { isLinearizable: true };
    for (const index of candidates) {
      const value = effectOf(operations[index]!, step.value);
      if (value === undefined) continue;
      const done = new Set(step.done).add(index);
      const name = `${value} ${compact(done)}`;
      if (tried.has(name)) continue;
      tried.add(name);
      left.push({ done, value, order: [...step.order, index] });
    }
  }
  const stuck = candidatesFor(operations, longest.done).map((index) => operations[index]!);
  return { isLinearizable: false, order: longest.order.map((index) => operations[index]!), stuck };
}

/** Those that may come next: no other has returned before they were called. */
function candidatesFor(operations: readonly Operation[], done: ReadonlySet<number>): number[] {
  const found: number[] = [];
  let firstReturn = Infinity;
  for (let i = firstMissing(done); i < operations.length; i++) {
    const { called, returned } = operations[i]!;
    if (called > firstReturn) break; // and so were all that follow
    if (done.has(i)) continue;
    found.push(i);
    firstReturn = Math.min(firstReturn, returned);
  }
  return found.filter((index) => operations[index]!.called <= firstReturn);
}

function isUnknown(operation: Operation): boolean {
  return operation.type === "cas" && operation.outcome === "unknown";
}

/** The value after it, or undefined: it cannot have been done now, with this answer. */
function effectOf(operation: Operation, current: string): string | undefined {
  if (operation.type === "read") return operation.value === current ? current : undefined;
  const fits = operation.expected === current;
  if (operation.outcome === "refused") return fits ? undefined : current;
  return fits ? operation.value : undefined; // an unknown one that does not fit need never be done
}

function firstMissing(done: ReadonlySet<number>): number {
  let i = 0;
  while (done.has(i)) i++;
  return i;
}

/** What is done is a beginning and a few more: `120 123 125`. */
function compact(done: ReadonlySet<number>): string {
  const first = firstMissing(done);
  const more = [...done].filter((index) => index > first).sort((a, b) => a - b);
  return [first, ...more].join(" ");
}
