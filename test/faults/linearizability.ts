/**
 * Whether what clients saw of one object could have been seen of an object that does one thing after another: each operation takes effect in
 * one moment between its call and its return (Herlihy and Wing). Wing and Gong's search, with what was tried remembered (Lowe):
 *
 *     a  |--cas 0→1, ok--|
 *     b       |--read 0--|      yes: b before a, or no word would be said
 *     c                    |--read 0--|   no: a has returned, and c must see it
 *
 * A write whose answer never came may have taken effect before its `returned`, or never.
 */

/** What the object holds; undefined: there is no object. */
export type Value = string | undefined;

export type Operation = {
  /** Who did it: of use to people only. */
  readonly client: string;
  readonly called: number;
  /** When it was over, one way or the other; Infinity when nobody can say. */
  readonly returned: number;
} & (Read | Write);

export interface Read {
  readonly type: "read";
  readonly value: Value;
}

export type Write = {
  /** Refused: the object was not as the write wants it. Unknown: no answer came. */
  readonly outcome: "ok" | "refused" | "unknown";
} & (
  | { readonly type: "cas"; readonly expected: Value; readonly value: string }
  /** Of what is there, whatever it holds. */
  | { readonly type: "set"; readonly value: string }
  | { readonly type: "create"; readonly value: string }
  | { readonly type: "delete" }
);

export type Verdict =
  | { readonly isLinearizable: true }
  /** The longest order that could be found, and the operations that none of them can come after it. */
  | {
      readonly isLinearizable: false;
      readonly order: readonly Operation[];
      readonly stuck: readonly Operation[];
    };

/** What is done: all operations before `first`, and `more`. */
interface Done {
  readonly first: number;
  readonly more: ReadonlySet<number>;
}

interface Step extends Done {
  readonly value: Value;
  readonly length: number;
  /** How many of those that were answered are still to come; the others need not be done. */
  readonly wanted: number;
  /** The operation that led here, and from where. */
  readonly index: number;
  readonly previous: Step | undefined;
}

/** The history of one object that begins with the value `initial`. */
export function checkHistory(history: readonly Operation[], initial: Value): Verdict {
  // A read that got no answer says nothing.
  const operations = history
    .filter(({ type, returned }) => type !== "read" || returned !== Infinity)
    .toSorted((a, b) => a.called - b.called);
  const tried = new Set<string>();
  const wanted = operations.filter((operation) => !isUnknown(operation)).length;
  const begin: Step = {
    wanted,
    first: 0,
    more: new Set(),
    value: initial,
    length: 0,
    index: -1,
    previous: undefined,
  };
  const left = [begin];
  let longest = begin;
  for (let step = left.pop(); step; step = left.pop()) {
    if (step.length > longest.length) longest = step;
    if (step.wanted === 0) return { isLinearizable: true };
    for (const index of candidatesFor(operations, step))
      for (const value of effectsOf(operations[index]!, step.value)) {
        const next: Step = {
          ...withOne(step, index),
          ...{ value, index, previous: step, length: step.length + 1 },
          wanted: step.wanted - (isUnknown(operations[index]!) ? 0 : 1),
        };
        const name = nameOf(next);
        if (tried.has(name)) continue;
        tried.add(name);
        left.push(next);
      }
  }
  const stuck = candidatesFor(operations, longest).map((index) => operations[index]!);
  return { isLinearizable: false, order: orderOf(longest).map((index) => operations[index]!), stuck };
}

/** Those that may come next: no other has returned before they were called. */
function candidatesFor(operations: readonly Operation[], { first, more }: Done): number[] {
  const found: number[] = [];
  let firstReturn = Infinity;
  for (let i = first; i < operations.length; i++) {
    const { called, returned } = operations[i]!;
    if (called > firstReturn) break; // and so were all that follow
    if (more.has(i)) continue;
    found.push(i);
    firstReturn = Math.min(firstReturn, returned);
  }
  return found.filter((index) => operations[index]!.called <= firstReturn);
}

function isUnknown(operation: Operation): boolean {
  return operation.type !== "read" && operation.outcome === "unknown";
}

/** Each value that there may be after it. None: it cannot have been done now, with this answer. */
function effectsOf(operation: Operation, current: Value): Value[] {
  if (operation.type === "read") return operation.value === current ? [current] : [];
  const fits = isWanted(operation, current);
  const next = operation.type === "delete" ? undefined : operation.value;
  switch (operation.outcome) {
    case "ok":
      return fits ? [next] : [];
    case "refused":
      return fits ? [] : [current];
    case "unknown":
      return fits ? [current, next] : [current];
  }
}

function isWanted(write: Write, current: Value): boolean {
  switch (write.type) {
    case "cas":
      return write.expected === current;
    case "create":
      return current === undefined;
    default:
      return current !== undefined;
  }
}

function withOne({ first, more }: Done, index: number): Done {
  const others = new Set(more).add(index);
  let next = first;
  while (others.delete(next)) next++;
  return { first: next, more: others };
}

/** `"a" 120 123 125` */
function nameOf({ value, first, more }: Step): string {
  return `${JSON.stringify(value)} ${first} ${[...more].sort((a, b) => a - b).join(" ")}`;
}

function orderOf(last: Step): number[] {
  const order: number[] = [];
  for (let step = last; step.previous; step = step.previous) order.push(step.index);
  return order.reverse();
}
