/** Patches of all four types, most of them wrong in some way. */

import { bodyOf, hostileValue, mutated, type Bytes } from "./bodies.ts";
import { texts } from "./hostile.ts";
import type { Random } from "./random.ts";

const POINTERS = [
  "",
  "/",
  "//",
  "/metadata",
  "/metadata/labels/a~1b",
  "/metadata/labels/a~2b",
  "/metadata/~0~1~",
  "/metadata/name",
  "/metadata/managedFields/0/fieldsV1",
  "/metadata/ownerReferences/-",
  "/metadata/finalizers/-1",
  "/metadata/annotations",
  "/spec",
  "/spec/containers/0",
  "/spec/containers/-",
  "/spec/containers/01",
  "/spec/containers/99999999999",
  "/spec/template/spec/containers/0/image",
  "/status",
  "/data/a",
  "/__proto__/polluted",
  "/constructor/prototype/polluted",
  "/kind",
  "/apiVersion",
  "no/slash",
];
const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test", "", "ADD", "delete"];

/** Each doubles what there is. */
const COPIES = Array.from({ length: 40 }, (_, i) => ({
  op: "copy",
  from: "/metadata",
  path: `/metadata/c${i}`,
}));

const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";
const APPLY = "application/apply-patch+yaml";

/** Not published, and taken all the same where upstream takes them. */
export const APPLY_TYPES: readonly string[] = [APPLY, "application/apply-patch+cbor"];

export function patchOf(random: Random, object: object): Bytes {
  return patchBytes(random, random.pick([MERGE, STRATEGIC, JSON_PATCH, APPLY, ...APPLY_TYPES]), object);
}

export function patchBytes(random: Random, type: string, object: object): Bytes {
  const content =
    type === JSON_PATCH
      ? jsonPatch(random)
      : type === STRATEGIC
        ? strategic(random, object)
        : mutated(random, object);
  if (type === APPLY && random.chance(0.2)) spoilManagedFields(random, content as any);
  const { bytes } = bodyOf(random, content as object, undefined);
  return { type, bytes };
}

function jsonPatch(random: Random): unknown {
  if (random.chance(0.05)) return hostileValue(random);
  if (random.chance(0.02)) return COPIES;
  return random.some(5, () => ({
    op: random.pick(OPERATIONS.slice(0, random.chance(0.9) ? 6 : undefined)),
    path: random.chance(0.95) ? random.pick(POINTERS) : random.pick(texts),
    ...(random.chance(0.4) && { from: random.pick(POINTERS) }),
    ...(random.chance(0.7) && { value: hostileValue(random) }),
  }));
}

const DIRECTIVES: readonly (readonly [string, unknown])[] = [
  ["$patch", "delete"],
  ["$patch", "replace"],
  ["$patch", "merge"],
  ["$patch", "nonsense"],
  ["$patch", 1],
  ["$retainKeys", ["a"]],
  ["$retainKeys", null],
  ["$retainKeys", [{}]],
  ["$setElementOrder/containers", [{ name: "c" }]],
  ["$setElementOrder/containers", ["c"]],
  ["$setElementOrder/finalizers", [{}]],
  ["$setElementOrder/", []],
  ["$deleteFromPrimitiveList/finalizers", ["a"]],
  ["$deleteFromPrimitiveList/finalizers", {}],
  ["$deleteFromPrimitiveList/containers", ["a"]],
];

function strategic(random: Random, object: object): object {
  const content: any = mutated(random, object);
  const holders: any[] = [content];
  const collect = (value: any): void => {
    if (typeof value !== "object" || value === null || holders.length > 200) return;
    if (!Array.isArray(value)) holders.push(value);
    for (const inner of Object.values(value)) collect(inner);
  };
  collect(content);
  for (const [key, value] of random.some(3, () => random.pick(DIRECTIVES))) random.pick(holders)[key] = value;
  return content;
}

const FIELD_SETS: readonly unknown[] = [
  null,
  {},
  { "f:metadata": null },
  { "f:metadata": { "f:labels": { ".": {}, "f:a": {} } } },
  { "f:spec": { 'k:{"name":"c"}': { ".": {} } } },
  { "f:spec": { "k:{": {} } },
  { "f:spec": { "k:[]": {}, "v:": {}, "v:{": {}, "i:x": {}, "i:-1": {} } },
  { "x:y": {}, "": {} },
  { f: 1 },
  [],
  "f:spec",
];

function spoilManagedFields(random: Random, content: any): void {
  if (typeof content !== "object" || content === null) return;
  if (typeof content.metadata !== "object" || content.metadata === null) content.metadata = {};
  content.metadata.managedFields = random.some(3, () => ({
    manager: random.pick(["a", "", ...texts]),
    operation: random.pick(["Apply", "Update", "", 1]),
    apiVersion: random.pick(["v1", "apps/v1", "a/b/c", "", null]),
    fieldsType: random.pick(["FieldsV1", "", "FieldsV9"]),
    time: random.pick(["2026-01-01T00:00:00Z", "x", null]),
    fieldsV1: random.pick(FIELD_SETS),
    subresource: random.pick(["", "status", "x"]),
  }));
}

/** For writes of whole objects. */
export function withManagedFields(random: Random, object: object): object {
  if (random.chance(0.9)) return object;
  const copy: any = structuredClone(object);
  spoilManagedFields(random, copy);
  return copy;
}
