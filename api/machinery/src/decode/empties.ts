/**
 * Lists and maps that are there and empty. Upstream tells them from absent ones from decoding to validation, quotes them in
 * answers (`[]`, not `null`), and loses them when it stores the object. So does the server: it decodes with `keepsEmpties`
 * and takes them out when all rules have seen the object. Most objects carry none, which is known at once.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { type FieldPlan, type Plan, planOf } from "./plan.ts";

const carriers = new WeakSet<object>();

/** Remembers that `object` has such a list or map somewhere. */
export function markEmpties(object: object): void {
  carriers.add(object);
}

export interface EmptiesOptions {
  /** Those in fields that are always written stay: whoever wrote them owns the field. */
  readonly keepsWritten?: boolean;
}

/** `object` as it is stored; the same one when it has none, and otherwise one that shares what is unchanged with it. */
export function withoutEmpties<T extends object>(
  object: T,
  schema: Schema,
  { keepsWritten = false }: EmptiesOptions = {},
): T {
  return carriers.has(object) ? (without(object, planOf(schema), keepsWritten) as T) : object;
}

function without(value: unknown, plan: Plan, keepsWritten: boolean): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (plan.kind === "struct") return withoutInStruct(value as Members, plan, keepsWritten);
  if (plan.kind === "list" && Array.isArray(value)) {
    const items = value.map((item) => without(item, plan.inner, keepsWritten));
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  if (plan.kind !== "map") return value;
  const members = Object.entries(value).map(
    ([key, member]) => [key, without(member, plan.inner, keepsWritten)] as const,
  );
  const isSame = members.every(([key, member]) => member === (value as Members)[key]);
  return isSame ? value : Object.fromEntries(members);
}

type Members = Record<string, unknown>;

function withoutInStruct(value: Members, plan: Plan, keepsWritten: boolean): Members {
  let copy: Members | undefined;
  for (const field of plan.fields) {
    const member = value[field.name];
    if (typeof member !== "object" || member === null) continue;
    if (isEmptyMember(member, field)) {
      if (keepsWritten && field.fill === null) continue;
      copy ??= { ...value };
      if (field.fill === null) copy[field.name] = null;
      else delete copy[field.name];
      continue;
    }
    const rest = without(member, field.plan, keepsWritten);
    if (rest !== member) (copy ??= { ...value })[field.name] = rest;
  }
  return copy ?? value;
}

function isEmptyMember(member: object, { plan }: FieldPlan): boolean {
  if (plan.kind !== "list" && plan.kind !== "map") return false;
  for (const _key in member) return false;
  return true;
}
