/**
 * Whether what clients were told of many objects, over many starts of a server, is one history: what each writer was told, what one watch saw
 * that always came back where it was, and what lists gave. The watch is the thread, and everything else has to lie on it:
 *
 *     watch   +a@5   +b@6   a@7   -b@9          list@6: a@5 b@6      list@9: a@7
 *     told    a@5    b@6    a@7   b is gone
 *
 * A write that got no answer may be on the thread or not; what lists say then tells whether the watch has missed it.
 */

/** An object, as it was written once. */
export interface State {
  readonly name: string;
  readonly uid: string;
  readonly revision: number;
  readonly value: string;
}

export type Told =
  /** `after`: the highest revision that anybody had been told of when it was sent. */
  | { readonly type: "put"; readonly state: State; readonly after: number }
  | { readonly type: "delete"; readonly name: string; readonly uid: string };

export interface Seen {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly state: State;
}

export interface Listed {
  readonly revision: number;
  readonly states: readonly State[];
}

export interface ObjectHistory {
  /** What there was when the watch began. */
  readonly before: Listed;
  readonly told: readonly Told[];
  readonly seen: readonly Seen[];
  /** Later lists, in the order they were made. */
  readonly lists: readonly Listed[];
}

/** What does not fit, in sentences; empty when all does. */
export function problemsOf(history: ObjectHistory): string[] {
  return [...orderProblems(history), ...toldProblems(history), ...listProblems(history)];
}

function orderProblems({ before, seen, told }: ObjectHistory): string[] {
  const problems: string[] = [];
  let last = before.revision;
  for (const { type, state } of seen) {
    if (state.revision <= last) problems.push(`The watch saw ${type} ${show(state)} after revision ${last}`);
    last = state.revision;
  }
  for (const one of told)
    if (one.type === "put" && one.state.revision <= one.after)
      problems.push(`${show(one.state)} was acknowledged when revision ${one.after} had been before`);
  return problems;
}

function toldProblems({ told, seen }: ObjectHistory): string[] {
  const puts = new Map(
    seen.filter(({ type }) => type !== "DELETED").map(({ state }) => [state.revision, state]),
  );
  const gone = new Set(seen.filter(({ type }) => type === "DELETED").map(({ state }) => state.uid));
  return told.flatMap((one) => {
    if (one.type === "delete")
      return gone.has(one.uid)
        ? []
        : [`The delete of ${one.name} (${one.uid}) was acknowledged and never seen`];
    const found = puts.get(one.state.revision);
    if (found && show(found) === show(one.state)) return [];
    return [
      `${show(one.state)} was acknowledged, and the watch saw ${found ? show(found) : "nothing"} there`,
    ];
  });
}

function listProblems({ before, seen, lists }: ObjectHistory): string[] {
  const problems: string[] = [];
  const now = new Map(before.states.map((state) => [state.name, state]));
  let next = 0;
  let last = before.revision;
  for (const { revision, states } of lists) {
    if (revision < last) problems.push(`A list gave revision ${revision} after ${last}`);
    last = revision;
    for (; next < seen.length && seen[next]!.state.revision <= revision; next++) {
      const { type, state } = seen[next]!;
      if ((type === "ADDED") === now.has(state.name))
        problems.push(
          `The watch saw ${type} ${show(state)} where there was ${now.has(state.name) ? "one" : "none"}`,
        );
      if (type === "DELETED") now.delete(state.name);
      else now.set(state.name, state);
    }
    const expected = new Set([...now.values()].map(show));
    const found = states.map(show);
    for (const text of found)
      if (!expected.delete(text)) problems.push(`The list of ${revision} has ${text}`);
    for (const text of expected) problems.push(`The list of ${revision} lacks ${text}`);
  }
  return problems;
}

function show({ name, uid, revision, value }: State): string {
  return `${name}@${revision}=${value} (${uid})`;
}
