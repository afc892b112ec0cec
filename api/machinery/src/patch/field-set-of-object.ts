/**
 * The set of fields that an applied configuration states: every leaf, every list item, every map entry. And what such a
 * configuration must not do: state fields the schema lacks, values of another type, or one list item twice.
 */

import { isJsonObject } from "../object.ts";
import { elementText, fieldElement } from "./field-element.ts";
import { isEmpty, LEAF, type FieldNode, type FieldSet } from "./field-set.ts";
import { quote } from "../quote.ts";
import { goType, goValue } from "./go-print.ts";
import { DEDUCED, elementOf, ShapeError, type ListShape, type MapShape, type Shape } from "./shape.ts";

/** Fields of `object`, which must be valid (`checkTypes`). */
export function fieldSetOfObject(shape: Shape, object: unknown): FieldSet {
  return setOf(shape, object) ?? LEAF;
}

/** The node of a value: undefined when it has no fields of its own. */
function setOf(shape: Shape, value: unknown): FieldSet | undefined {
  if (shape.map && (isJsonObject(value) || value === null)) return setOfMap(shape.map, value);
  if (shape.list && (Array.isArray(value) || value === null)) return setOfList(shape.list, value);
  return LEAF;
}

function setOfMap(
  { atomic, fields, values }: MapShape,
  value: { readonly [key: string]: unknown } | null,
): FieldSet | undefined {
  if (atomic) return LEAF;
  if (value === null) return undefined;
  const node: FieldNode = {};
  for (const key in value) {
    const member = value[key];
    const field = fields.get(key);
    if (member === undefined || field?.unmanaged) continue;
    const below = setOf(field ? field.shape : (values ?? DEDUCED), member);
    const named = member === null || isEmptyMap(member) || !field;
    const set = named ? withSelf(below) : below;
    if (set) node[field ? field.element : fieldElement(key)] = set;
  }
  return isEmpty(node) ? undefined : node;
}

function setOfList(list: ListShape, value: readonly unknown[] | null): FieldSet | undefined {
  if (list.relation === "atomic") return LEAF;
  if (value === null) return undefined;
  const node: FieldNode = {};
  for (const item of value) {
    const element = elementOf(list, item);
    node[element] = element in node ? LEAF : withSelf(setOf(list.items, item)); // duplicates are one leaf
  }
  return isEmpty(node) ? undefined : node;
}

function withSelf(below: FieldSet | undefined): FieldSet {
  if (!below || isEmpty(below)) return LEAF;
  return "." in below ? below : { ".": LEAF, ...below };
}

/** What is wrong with `object`, in upstream's words and order; empty when nothing is. */
export function checkTypes(shape: Shape, object: unknown): string[] {
  const problems: string[] = [];
  check(shape, object, "", problems);
  return problems;
}

/** Several problems as upstream prints them. */
export function problemsText(problems: readonly string[]): string {
  return problems.length === 1
    ? problems[0]!
    : ["errors:", ...problems.map((line) => `  ${line}`)].join("\n");
}

function check(shape: Shape, value: unknown, path: string, problems: string[]): void {
  const { map, list, scalar } = shape;
  if (value === null || value === undefined) return;
  if (map && isJsonObject(value)) return checkMap(map, value, path, problems);
  if (list && Array.isArray(value)) return checkList(list, value, path, problems);
  const prefix = path && `${path}: `;
  if (map && !(scalar && !isJsonObject(value)))
    problems.push(`${prefix}expected map, got &{${goValue(value)}}`);
  else if (scalar) checkScalar(scalar, value, prefix, problems);
  else problems.push(`${prefix}expected list, got &{${goValue(value)}}`);
}

function checkMap(
  { fields, values }: MapShape,
  value: { readonly [key: string]: unknown },
  path: string,
  problems: string[],
): void {
  for (const key in value) {
    const field = fields.get(key);
    const shape = field?.shape ?? values;
    if (!shape) {
      problems.push(`${path}.${key}: field not declared in schema`);
      return; // upstream stops at the first of a struct
    }
    check(shape, value[key], `${path}.${key}`, problems);
  }
}

function checkList(list: ListShape, value: readonly unknown[], path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (list.relation === "atomic") {
      check(list.items, item, `${path}[${index}]`, problems);
      continue;
    }
    let element: string;
    try {
      element = elementOf(list, item);
    } catch (err) {
      if (!(err instanceof ShapeError)) throw err;
      problems.push(`${path && `${path}: `}element ${index}: ${err.message}`);
      return;
    }
    const text = elementText(element);
    if (seen.has(element)) problems.push(`${path && `${path}: `}duplicate entries for key ${text}`);
    seen.add(element);
    check(list.items, item, `${path}${text}`, problems);
  }
}

function checkScalar(
  scalar: NonNullable<Shape["scalar"]>,
  value: unknown,
  prefix: string,
  problems: string[],
): void {
  if (scalar === "numeric" && typeof value !== "number" && typeof value !== "bigint") {
    problems.push(`${prefix}expected numeric (int or float), got ${goType(value)}`);
  } else if (scalar === "string" && typeof value !== "string") {
    problems.push(`${prefix}expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
  } else if (scalar === "boolean" && typeof value !== "boolean") {
    problems.push(`${prefix}expected boolean, got &{${goValue(value)}}`);
  } else if (scalar === "untyped" && typeof value === "object") {
    problems.push(`${prefix}expected any scalar, got &{${goValue(value)}}`);
  }
}

/** As Go's `%#v` prints it. */
function goSyntax(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isJsonObject(value)) return goValue(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${quote(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${members.join(", ")}}`;
}

function isEmptyMap(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}
