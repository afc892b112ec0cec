/**
 * Sets of fields, kept in the very form they have on the wire (`fieldsV1`), so that nothing is decoded or encoded and
 * results share what they can with what they came from:
 *
 *     { "f:spec": { "f:replicas": {}, "f:ports": { ".": {}, "k:{\"port\":80}": { ".": {}, "f:port": {} } } } }
 *
 * A path is in the set when its node is `{}` or has `"."`; `f:spec` above is not, `f:ports` and `f:replicas` are. The
 * root stands for no path: `{}` is the empty set. Sets are immutable.
 *
 * All operations are linear in the smaller of the trees they have to look at.
 */

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A node under construction. */
export type FieldNode = { [element: string]: FieldSet };

/** A path that is in the set, with nothing below it; as a root, the empty set. */
export const LEAF: FieldSet = Object.freeze({});

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the path that `node` stands for is itself in the set. Not for roots. */
export function isMember(node: FieldSet): boolean {
  return "." in node || isEmpty(node);
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  return isEmpty(a) ? b : unionOfNodes(a, b);
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmpty(b)) return isMember(a) ? a : { ".": LEAF, ...a };
  if (isEmpty(a)) return "." in b ? b : { ".": LEAF, ...b };
  let result: FieldNode | undefined;
  for (const element in b) {
    const theirs = b[element]!;
    const ours = a[element];
    const both = ours ? unionOfNodes(ours, theirs) : theirs;
    if (both !== ours) (result ??= { ...a })[element] = both;
  }
  return result ?? a;
}

/** Paths that are in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return LEAF;
  return intersectionOfNodes(a, b) ?? LEAF;
}

function intersectionOfNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (a === b) return a;
  if (isEmpty(a)) return isMember(b) ? LEAF : undefined;
  if (isEmpty(b)) return isMember(a) ? LEAF : undefined;
  let result: FieldNode | undefined;
  for (const element in a) {
    const theirs = b[element];
    if (!theirs) continue;
    const both = element === "." ? LEAF : intersectionOfNodes(a[element]!, theirs);
    if (both) (result ??= {})[element] = both;
  }
  return result && onlySelf(result) ? LEAF : result;
}

/** Paths of `a` that are not in `b`. What lies below a path of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  return differenceOfNodes(a, b) ?? LEAF;
}

function differenceOfNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (a === b) return undefined;
  if (isEmpty(a)) return isMember(b) ? undefined : a;
  if (isEmpty(b)) return "." in a ? without(a, ".") : a;
  let result: FieldNode | undefined;
  for (const element in b) {
    const ours = a[element];
    if (!ours) continue;
    const left = element === "." ? undefined : differenceOfNodes(ours, b[element]!);
    if (left === ours) continue;
    result ??= { ...a };
    if (left) result[element] = left;
    else delete result[element];
  }
  return result ? normal(result) : a;
}

/** Paths of `a` that are neither in `b` nor below a path of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  return recursiveDifferenceOfNodes(a, b) ?? LEAF;
}

function recursiveDifferenceOfNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  let result: FieldNode | undefined;
  for (const element in b) {
    const ours = a[element];
    if (!ours || element === ".") continue;
    const theirs = b[element]!;
    const left = isMember(theirs) ? undefined : recursiveDifferenceOfNodes(ours, theirs);
    if (left === ours) continue;
    result ??= { ...a };
    if (left) result[element] = left;
    else delete result[element];
  }
  return result ? normal(result) : a;
}

export function has(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.[element];
  return path.length > 0 && node !== undefined && isMember(node);
}

/** A set of one path, or of several. */
export function fieldSetOf(...paths: readonly (readonly string[])[]): FieldSet {
  let set = LEAF;
  for (const path of paths) {
    set = union(
      set,
      path.reduceRight((below: FieldSet, element) => ({ [element]: below }), LEAF),
    );
  }
  return set;
}

/** Calls `visit` for each path, those of one node before those below it. The array is reused between calls. */
export function eachPath(set: FieldSet, visit: (path: readonly string[]) => void, path: string[] = []): void {
  const elements = Object.keys(set).filter((element) => element !== ".");
  for (const element of elements) {
    if (!isMember(set[element]!)) continue;
    path.push(element);
    visit(path);
    path.pop();
  }
  for (const element of elements) {
    path.push(element);
    eachPath(set[element]!, visit, path);
    path.pop();
  }
}

/** The same set with the elements of each node in order, as upstream writes them. */
export function inOrder(set: FieldSet): FieldSet {
  let last = "";
  let sorted = true;
  let changed: FieldNode | undefined;
  for (const element in set) {
    if (element < last) sorted = false;
    last = element;
    const below = set[element]!;
    const ordered = isEmpty(below) ? below : inOrder(below);
    if (ordered !== below) (changed ??= { ...set })[element] = ordered;
  }
  const result = changed ?? set;
  if (sorted) return result;
  const node: FieldNode = {};
  for (const element of Object.keys(result).sort()) node[element] = result[element]!;
  return node;
}

function without(node: FieldSet, element: string): FieldSet | undefined {
  const { [element]: _, ...rest } = node;
  return normal(rest);
}

/** A node of which parts were taken: undefined when nothing is left, `{}` when only itself is. */
function normal(node: FieldNode): FieldSet | undefined {
  if (isEmpty(node)) return undefined;
  return onlySelf(node) ? LEAF : node;
}

function onlySelf(node: FieldSet): boolean {
  if (!("." in node)) return false;
  for (const element in node) if (element !== ".") return false;
  return true;
}
