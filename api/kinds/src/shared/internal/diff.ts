/**
 * The unified diff of two values' pretty JSON that upstream puts into the refusal of a pod update. Same algorithm as
 * Python's difflib, which upstream's library was ported from, down to leaving out lines that are too common: another
 * diff would be as true but not the same text.
 */

/** Three lines of context, no file names. */
export function jsonDiff(before: unknown, after: unknown): string {
  const a = linesOf(before);
  const b = linesOf(after);
  return groups(edits(a, b))
    .map((group) => hunk(a, b, group))
    .join("");
}

interface Edit {
  readonly same: boolean;
  readonly a0: number;
  readonly a1: number;
  readonly b0: number;
  readonly b1: number;
}

interface Match {
  a: number;
  b: number;
  size: number;
}

const CONTEXT = 3;

function linesOf(value: unknown): string[] {
  return JSON.stringify(value, null, 1).split("\n");
}

function hunk(a: readonly string[], b: readonly string[], group: readonly Edit[]): string {
  const first = group[0]!;
  const last = group.at(-1)!;
  let text = `@@ -${range(first.a0, last.a1)} +${range(first.b0, last.b1)} @@\n`;
  for (const edit of group) {
    if (edit.same) {
      for (const line of a.slice(edit.a0, edit.a1)) text += ` ${line}\n`;
      continue;
    }
    for (const line of a.slice(edit.a0, edit.a1)) text += `-${line}\n`;
    for (const line of b.slice(edit.b0, edit.b1)) text += `+${line}\n`;
  }
  return text;
}

function range(start: number, stop: number): string {
  const length = stop - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

/** Cuts long equal stretches down to context and splits there. */
function groups(all: readonly Edit[]): Edit[][] {
  const codes = [...all];
  if (codes[0]?.same) codes[0] = tail(codes[0]);
  const last = codes.length - 1;
  if (codes[last]?.same) codes[last] = head(codes[last]);
  const result: Edit[][] = [];
  let group: Edit[] = [];
  for (let code of codes) {
    if (code.same && code.a1 - code.a0 > 2 * CONTEXT) {
      group.push(head(code));
      result.push(group);
      group = [];
      code = tail(code);
    }
    group.push(code);
  }
  if (group.length && !(group.length === 1 && group[0]!.same)) result.push(group);
  return result;
}

function head({ same, a0, a1, b0, b1 }: Edit): Edit {
  return { same, a0, a1: Math.min(a1, a0 + CONTEXT), b0, b1: Math.min(b1, b0 + CONTEXT) };
}

function tail({ same, a0, a1, b0, b1 }: Edit): Edit {
  return { same, a0: Math.max(a0, a1 - CONTEXT), a1, b0: Math.max(b0, b1 - CONTEXT), b1 };
}

function edits(a: readonly string[], b: readonly string[]): Edit[] {
  const result: Edit[] = [];
  let i = 0;
  let j = 0;
  for (const match of [...matches(a, b), { a: a.length, b: b.length, size: 0 }]) {
    if (i < match.a || j < match.b) result.push({ same: false, a0: i, a1: match.a, b0: j, b1: match.b });
    i = match.a + match.size;
    j = match.b + match.size;
    if (match.size > 0) result.push({ same: true, a0: match.a, a1: i, b0: match.b, b1: j });
  }
  return result;
}

/** Matching stretches in order, neighbours joined. */
function matches(a: readonly string[], b: readonly string[]): Match[] {
  const places = placesOf(b);
  const found: Match[] = [];
  const visit = (a0: number, a1: number, b0: number, b1: number): void => {
    const match = longest(a, b, places, { a0, a1, b0, b1 });
    if (match.size === 0) return;
    if (a0 < match.a && b0 < match.b) visit(a0, match.a, b0, match.b);
    found.push(match);
    if (match.a + match.size < a1 && match.b + match.size < b1)
      visit(match.a + match.size, a1, match.b + match.size, b1);
  };
  visit(0, a.length, 0, b.length);
  return joined(found);
}

function joined(found: readonly Match[]): Match[] {
  const result: Match[] = [];
  for (const match of found) {
    const last = result.at(-1);
    if (last && last.a + last.size === match.a && last.b + last.size === match.b) last.size += match.size;
    else result.push({ ...match });
  }
  return result;
}

/** Where each line of `b` is; in long texts, lines that are on more than one place in a hundred anchor nothing. */
function placesOf(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  b.forEach((line, j) => {
    const list = places.get(line);
    if (list) list.push(j);
    else places.set(line, [j]);
  });
  if (b.length < 200) return places;
  const most = Math.floor(b.length / 100) + 1;
  for (const [line, list] of places) if (list.length > most) places.delete(line);
  return places;
}

function longest(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  { a0, a1, b0, b1 }: Omit<Edit, "same">,
): Match {
  const best = { a: a0, b: b0, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = a0; i < a1; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i]!) ?? []) {
      if (j < b0) continue;
      if (j >= b1) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) Object.assign(best, { a: i - size + 1, b: j - size + 1, size });
    }
    lengths = next;
  }
  while (best.a > a0 && best.b > b0 && a[best.a - 1] === b[best.b - 1]) {
    best.a--;
    best.b--;
    best.size++;
  }
  while (
    best.a + best.size < a1 &&
    best.b + best.size < b1 &&
    a[best.a + best.size] === b[best.b + best.size]
  )
    best.size++;
  return best;
}
