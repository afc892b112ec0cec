/**
 * Whether the defaults of a schema are ones that it would accept itself: known fields only, valid values, and where they
 * are part of some object's metadata, metadata that is valid.
 */

import { Budget, RUNTIME_BUDGET } from "@knarr/expressions/limits.ts";
import { type FieldError, FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import { copyJson, equalJson } from "@knarr/machinery/patch/copy.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { coerceEmbedded, Malformed } from "./coerce.ts";
import { Correlation } from "./correlation.ts";
import { validateEmbedded, validateResource } from "./embedded.ts";
import { HAS_DEFAULTS } from "./facts.ts";
import { isMetaField, prune, pruneValue } from "./prune.ts";
import { rulesOf } from "./rules.ts";
import type { Structural } from "./structural.ts";
import { validateValue } from "./validate.ts";
import { Validator } from "./validation/validator.ts";

export interface DefaultsOptions {
  /** Stored schemas from before this rule may have unknown fields in defaults. */
  readonly requiresPruned: boolean;
}

/** `errors` stands at the schema of a whole object. */
export function validateDefaults(
  structural: Structural,
  errors: FieldErrors,
  options: DefaultsOptions,
): void {
  new DefaultsCheck(options).node(structural, errors, { around: rootOf(structural), isRoot: true });
}

/** Whether a schema has a default with fields that it does not know. */
export function hasUnprunedDefaults(structural: Structural): boolean {
  if (!structural.says(HAS_DEFAULTS)) return false;
  if (structural.default != null && !isPruned(structural, {})) return true;
  const { items, additional, properties } = structural;
  const below = [...properties.values(), ...(items ? [items] : []), ...(additional ? [additional] : [])];
  return below.some(hasUnprunedDefaults);
}

/** The resource around a schema, and how a value stands in it. */
interface Surrounding {
  readonly resource: Structural;
  build(value: unknown): unknown;
}

interface Place {
  readonly around: Surrounding;
  readonly isRoot?: boolean;
  /** In the metadata, kind or apiVersion of a resource. */
  readonly isInMeta?: boolean;
}

function rootOf(resource: Structural): Surrounding {
  const build = (value: unknown) => ({
    apiVersion: "validation/v1",
    kind: "Validation",
    ...(value as object),
  });
  return { resource, build };
}

class DefaultsCheck {
  readonly #options: DefaultsOptions;
  /** What rules may still cost, for all defaults together; below zero, nothing more is looked at. */
  #left = RUNTIME_BUDGET;

  constructor(options: DefaultsOptions) {
    this.#options = options;
  }

  node(structural: Structural, errors: FieldErrors, place: Place): void {
    if (!structural.says(HAS_DEFAULTS) || this.#left < 0) return;
    const isResource = place.isRoot || structural.isEmbeddedResource;
    const around = isResource ? rootOf(structural) : place.around;
    const isInMeta = !isResource && place.isInMeta === true;
    const { isRoot = false } = place;
    if (structural.default != null)
      this.#value(structural, errors.at("default"), { around, isInMeta, isRoot });
    if (structural.items) {
      const inItem = { ...around, build: (value: unknown) => around.build([value]) };
      this.node(structural.items, errors.at("items"), { around: inItem, isInMeta });
    }
    for (const [name, field] of structural.properties) {
      const inField = { ...around, build: (value: unknown) => around.build({ [name]: value }) };
      const at = errors.at("properties").at([name]);
      this.node(field, at, { around: inField, isInMeta: isInMeta || (isResource && isMetaField(name)) });
    }
  }

  #value(structural: Structural, errors: FieldErrors, place: Place): void {
    const { around, isInMeta = false } = place;
    const value = structural.default;
    if (!isInMeta && this.#options.requiresPruned && !isPruned(structural, place))
      errors.invalid(sortedKeys(value), "must not have unknown fields");
    const problems = isInMeta
      ? problemsInMeta(around, value, errors)
      : problemsApart(structural, errors, place);
    const before = errors.list.length;
    if (problems.length > 0) errors.list.push(...problems);
    else validateValue(value, new Validator(structural.props, { isOfDefaults: true }), errors);
    if (errors.list.length === before) this.#checkRules(structural, errors, place);
  }

  /** A default must pass where it replaces itself, and where it replaces nothing. */
  #checkRules(structural: Structural, errors: FieldErrors, { isRoot = false }: Place): void {
    const isResourceRoot = isRoot || structural.isEmbeddedResource;
    const rules = rulesOf(structural, { isResourceRoot });
    if (!rules) return;
    const before = errors.list.length;
    const value = structural.default;
    const replacing = new Budget(this.#left);
    rules.check(value, { errors, budget: replacing, before: new Correlation(value, value, structural) });
    this.#left = replacing.left;
    if (errors.list.length > before) return;
    const alone = new Budget(this.#left);
    rules.check(value, { errors, budget: alone });
    this.#left = Math.min(this.#left, alone.left);
  }
}

/** What is wrong with the resources in a default that is not itself part of one. */
function problemsApart(
  structural: Structural,
  errors: FieldErrors,
  place: Pick<Place, "isRoot">,
): readonly FieldError[] {
  const found = new FieldErrors(errors.path);
  const value = copyJson(structural.default);
  const isResource = isResourceAt(value, place);
  return problemsOf(found, () => {
    coerceEmbedded(value, structural, { at: found, isResource });
    if (isResource && !structural.isEmbeddedResource) validateResource(value as JsonObject, found);
    validateEmbedded(value, structural, found);
  });
}

function isResourceAt(value: unknown, { isRoot = false }: Pick<Place, "isRoot">): boolean {
  return isRoot && typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemsInMeta(
  { resource, build }: Surrounding,
  value: unknown,
  errors: FieldErrors,
): readonly FieldError[] {
  const object = build(copyJson(value)) as JsonObject;
  const found = new FieldErrors();
  const problems = problemsOf(found, () => {
    coerceEmbedded(object, resource, { at: found, isResource: true });
    if (!resource.isEmbeddedResource) validateResource(object, found);
    validateEmbedded(object, resource, found);
  });
  if (problems.length === 0) return [];
  const texts = problems.map(({ field, message }) => `${field}: ${message}`);
  const told = new FieldErrors(errors.path);
  const all = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  told.invalid(sortedKeys(value), `must result in valid metadata: ${all}`);
  return told.list;
}

function problemsOf(found: FieldErrors, check: () => void): readonly FieldError[] {
  try {
    check();
    return found.list;
  } catch (err) {
    if (err instanceof Malformed) return [err.finding];
    throw err;
  }
}

function isPruned(structural: Structural, place: Pick<Place, "isRoot">): boolean {
  const pruned = copyJson(structural.default);
  if (isResourceAt(pruned, place)) prune(pruned as JsonObject, structural);
  else pruneValue(pruned, structural);
  return equalJson(pruned, structural.default);
}

/** Types metadata in the defaults of embedded resources, in place: upstream stores them so. What cannot be read stays, to be refused. */
export function typeDefaults(structural: Structural): void {
  if (!structural.says(HAS_DEFAULTS)) return;
  const isStored = Object.isFrozen(structural.default);
  if (structural.default != null && !isStored)
    problemsOf(new FieldErrors(), () =>
      coerceEmbedded(structural.default, structural, { at: new FieldErrors() }),
    );
  const { items, properties } = structural;
  if (items) typeDefaults(items);
  for (const field of properties.values()) typeDefaults(field);
}
