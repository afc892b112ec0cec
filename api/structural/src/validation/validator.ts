/**
 * A schema made ready for checking values: what it says of each kind of value as a list of checks, made when a value
 * first meets it.
 *
 * Most objects are fine, so they are first asked only whether they are (`isValid`), which makes nothing and stops at the first
 * fault. What is wrong is put together afterwards (`findings`), as kube-openapi puts it: all faults, those of the alternative
 * that came closest, each text once; with an object before an update at hand, what did not change is forgiven.
 */

import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { goJson, quote } from "@knarr/machinery/quote.ts";
import type { Correlation } from "../correlation.ts";
import type { JsonSchemaProps } from "../json-schema-props.ts";
import type { Check } from "./check.ts";
import {
  Findings,
  type Finding,
  general,
  invalid,
  notInEnum,
  required,
  tooMany,
  wrongType,
} from "./finding.ts";
import { formatRule, knownFormat } from "./formats.ts";
import {
  ARRAY,
  BOOLEAN,
  INTEGER,
  type Kind,
  kindNames,
  kindOf,
  NULL,
  NUMBER,
  OBJECT,
  STRING,
} from "./kinds.ts";
import { numberChecks } from "./number-checks.ts";
import { stringChecks } from "./string-checks.ts";

const NONE: readonly string[] = [];
const EITHER: readonly string[] = ["integer", "string"];
const NO_CHECKS: readonly Check[] = [];

type Members = { readonly [key: string]: unknown };

export interface Dialect {
  /** Upstream checks defaults by another form of the schema, in which int-or-string is anything and every format a format. */
  readonly isOfDefaults?: boolean;
}

export class Validator {
  readonly #props: JsonSchemaProps;
  readonly #dialect: Dialect;
  /** None: any. */
  readonly #types: readonly string[];
  readonly #format: string;
  /** One bit for each kind of value that the type lets in. */
  readonly #fits: number;
  /** By kind. */
  #checks: (readonly Check[] | undefined)[] | undefined;
  #properties: Map<string, Validator> | undefined;
  #items: Validator | undefined;
  #additional: Validator | undefined;
  #junctors: Junctors | undefined;

  constructor(props: JsonSchemaProps, dialect: Dialect = {}) {
    this.#props = props;
    this.#dialect = dialect;
    const { type = "", format = "" } = props;
    const isIntOrString = props["x-kubernetes-int-or-string"] === true && !dialect.isOfDefaults;
    this.#types = isIntOrString ? EITHER : type ? [type] : NONE;
    this.#format = dialect.isOfDefaults || !format ? format : knownFormat(format, isIntOrString ? "" : type);
    let fits = 0;
    for (let kind = NULL; kind <= OBJECT; kind++) if (!this.#mismatch(kind as Kind)) fits |= 1 << kind;
    this.#fits = fits;
  }

  isValid(value: unknown): boolean {
    const kind = kindOf(value);
    if ((this.#fits & (1 << kind)) === 0) return false;
    if (this.#props.enum && !this.#isInEnum(value)) return false;
    if (kind === NULL) return true;
    for (const check of this.#checksOf(kind)) if (!check.holds(value as never)) return false;
    if (kind === ARRAY && !this.#areItemsValid(value as readonly unknown[])) return false;
    if (kind === OBJECT && !this.#areMembersValid(value as Members)) return false;
    return this.#junctorsOf()?.areValid(value) ?? true;
  }

  /** `path` is where the value stands, from the root of the schema; `before`, what it was. */
  findings(value: unknown, path: string, before?: Correlation): Findings {
    const found = new Findings();
    const kind = kindOf(value);
    const mismatch = this.#mismatch(kind);
    if (mismatch) found.add(wrongType(path, ...mismatch));
    if (kind === NULL) {
      if (!mismatch) found.matches = 1;
      if (!this.#isInEnum(value)) found.add(this.#enumFinding(value, path));
      return found;
    }
    found.matches = this.#partsFor(kind, mismatch !== undefined);
    this.#junctorsOf()?.report(value, path, found);
    if (kind === ARRAY) this.#reportItems(value as readonly unknown[], path, { found, before });
    if (kind !== OBJECT) this.#reportChecks(value, kind, path, found);
    if (!this.#isInEnum(value)) found.add(this.#enumFinding(value, path));
    if (kind === OBJECT) {
      this.#reportChecks(value, kind, path, found);
      this.#reportMembers(value as Members, path, { found, before });
    }
    return found;
  }

  /** As kube-openapi counts the parts of a schema that had a say and were met: only comparisons matter. */
  #partsFor(kind: Kind, isOfWrongType: boolean): number {
    const ofType = this.#types.length === 0 && !this.#format ? 0 : isOfWrongType ? 1 : 2;
    const hasFormat = kind === STRING && this.#format && formatRule(this.#format);
    const ofKind = kind === BOOLEAN ? 0 : kind === OBJECT || kind === STRING ? 1 : 2;
    return 4 + ofType + ofKind + (hasFormat ? 1 : 0);
  }

  #reportChecks(value: unknown, kind: Kind, path: string, found: Findings): void {
    for (const check of this.#checksOf(kind))
      if (!check.holds(value as never)) found.add(check.finding(value, path));
  }

  // What the value is

  /** What was wanted instead of a value of `kind`, and what upstream calls it; undefined when it fits. */
  #mismatch(kind: Kind): readonly [wanted: string, got: string] | undefined {
    const types = this.#types;
    const format = this.#format;
    const name = kindNames[kind];
    if (kind === NULL)
      return types.length === 0 || this.#props.nullable ? undefined : [types.join(","), name];
    if (types.length === 0 && !format) return undefined;
    const fits = types.includes(name) || (kind === INTEGER && types.includes("number"));
    const mayBeText = kind === STRING || kind === ARRAY;
    const own = kind === INTEGER ? "int64" : kind === NUMBER ? "float64" : "";
    if (format && !mayBeText && !fits && own !== format) return [format, own];
    const isNumeric = types.includes("number") || types.includes("integer");
    if (format && !isNumeric && mayBeText) return undefined;
    return fits ? undefined : [types.join(","), name];
  }

  #isInEnum(value: unknown): boolean {
    const values = this.#props.enum;
    return !values?.length || values.some((one) => isSame(value, one));
  }

  #enumFinding(value: unknown, path: string): Finding {
    return notInEnum(path, value, this.#props.enum!);
  }

  #checksOf(kind: Kind): readonly Check[] {
    const checks = (this.#checks ??= []);
    return (checks[kind] ??= this.#makeChecks(kind));
  }

  #makeChecks(kind: Kind): readonly Check[] {
    switch (kind) {
      case STRING:
        return stringChecks(this.#props, this.#format);
      case INTEGER:
      case NUMBER: {
        const only = this.#types.length === 1 ? this.#types[0] : undefined;
        const type = only === "integer" || only === "number" ? only : "";
        return numberChecks(this.#props, { type, format: type ? knownFormat(this.#format, type) : "" });
      }
      case ARRAY:
        return arrayChecks(this.#props);
      case OBJECT:
        return objectChecks(this.#props);
      default:
        return NO_CHECKS;
    }
  }

  // What lies below

  #itemsOf(): Validator | undefined {
    const { items } = this.#props;
    if (!items || Array.isArray(items)) return undefined;
    return (this.#items ??= new Validator(items as JsonSchemaProps, this.#dialect));
  }

  #areItemsValid(items: readonly unknown[]): boolean {
    const validator = this.#itemsOf();
    if (validator) for (const item of items) if (!validator.isValid(item)) return false;
    return true;
  }

  #reportItems(items: readonly unknown[], path: string, { found, before }: Report): void {
    const validator = this.#itemsOf();
    if (!validator) return;
    for (const [index, item] of items.entries())
      found.merge(forgiving(validator, item, `${path}[${index}]`, before?.item(index)));
  }

  /** Undefined for what the schema says nothing of. */
  #memberOf(name: string): Validator | undefined {
    const { properties, additionalProperties } = this.#props;
    const known = (this.#properties ??= new Map());
    let validator = known.get(name);
    if (validator) return validator;
    if (properties && Object.hasOwn(properties, name)) {
      known.set(name, (validator = new Validator(properties[name]!, this.#dialect)));
      return validator;
    }
    return typeof additionalProperties === "object"
      ? (this.#additional ??= new Validator(additionalProperties, this.#dialect))
      : undefined;
  }

  #areMembersValid(object: Members): boolean {
    for (const name in object) {
      const member = this.#memberOf(name);
      if (member ? !member.isValid(object[name]) : this.#isForbidden(name)) return false;
    }
    return this.#props.required?.every((name) => Object.hasOwn(object, name)) ?? true;
  }

  #isForbidden(name: string): boolean {
    const { properties, additionalProperties } = this.#props;
    return additionalProperties === false && !(properties && Object.hasOwn(properties, name));
  }

  #reportMembers(object: Members, path: string, { found, before }: Report): void {
    const { properties, required: needed = [] } = this.#props;
    for (const name in object) {
      if (properties && Object.hasOwn(properties, name)) continue;
      if (this.#isForbidden(name)) found.add(forbidden(path, name));
      const member = this.#memberOf(name);
      if (member) found.merge(forgiving(member, object[name], `${path}.${name}`, before?.member(name)));
    }
    for (const name in properties) {
      if (!Object.hasOwn(object, name)) continue;
      const isTyped = path === "" && (name === "kind" || name === "apiVersion");
      const previous = isTyped ? undefined : before?.member(name);
      const inner = path === "" ? name : `${path}.${name}`;
      found.merge(forgiving(this.#memberOf(name)!, object[name], inner, previous));
    }
    for (const name of needed) if (!Object.hasOwn(object, name)) found.add(required(`${path}.${name}`));
  }

  #junctorsOf(): Junctors | undefined {
    if (this.#junctors) return this.#junctors;
    const { anyOf, oneOf, allOf, not } = this.#props;
    if (!anyOf?.length && !oneOf?.length && !allOf?.length && !not) return undefined;
    return (this.#junctors = new Junctors(this.#props, this.#dialect));
  }
}

interface Report {
  readonly found: Findings;
  readonly before: Correlation | undefined;
}

/** Findings of a value that did not change are kept to ourselves. */
export function forgiving(
  validator: Validator,
  value: unknown,
  path: string,
  before: Correlation | undefined,
): Findings {
  const found = validator.findings(value, path, before);
  if (found.isEmpty || !before?.isUnchanged) return found;
  const forgiven = new Findings();
  forgiven.matches = found.matches;
  return forgiven;
}

/** `anyOf`, `oneOf`, `allOf`, `not`: what they say of a value is all new, whatever the value was before. */
class Junctors {
  readonly #anyOf: readonly Validator[];
  readonly #oneOf: readonly Validator[];
  readonly #allOf: readonly Validator[];
  readonly #not: Validator | undefined;

  constructor({ anyOf = [], oneOf = [], allOf = [], not }: JsonSchemaProps, dialect: Dialect) {
    const validatorOf = (props: JsonSchemaProps) => new Validator(props, dialect);
    this.#anyOf = anyOf.map(validatorOf);
    this.#oneOf = oneOf.map(validatorOf);
    this.#allOf = allOf.map(validatorOf);
    this.#not = not && validatorOf(not);
  }

  areValid(value: unknown): boolean {
    const accepts = (validator: Validator) => validator.isValid(value);
    if (this.#anyOf.length > 0 && !this.#anyOf.some(accepts)) return false;
    if (this.#oneOf.length > 0 && this.#oneOf.filter(accepts).length !== 1) return false;
    return this.#allOf.every(accepts) && !(this.#not && accepts(this.#not));
  }

  report(value: unknown, path: string, found: Findings): void {
    const of = (validator: Validator) => validator.findings(value, path);
    if (this.#anyOf.length > 0) {
      const all = this.#anyOf.map(of);
      const match = all.find(({ isEmpty }) => isEmpty);
      if (!match) found.add(general(`${quote(path)} must validate at least one schema (anyOf)`));
      found.merge(match ?? closest(all)!);
    }
    if (this.#oneOf.length > 0) this.#reportOneOf(this.#oneOf.map(of), path, found);
    if (this.#allOf.length > 0) {
      const all = this.#allOf.map(of);
      const wrong = all.filter(({ isEmpty }) => !isEmpty);
      for (const each of all) found.merge(each);
      const none = wrong.length === all.length ? ". None validated" : "";
      if (wrong.length > 0) found.add(general(`${quote(path)} must validate all the schemas (allOf)${none}`));
    }
    if (this.#not?.isValid(value)) found.add(general(`${quote(path)} must not validate the schema (not)`));
  }

  #reportOneOf(all: readonly Findings[], path: string, found: Findings): void {
    const matches = all.filter(({ isEmpty }) => isEmpty);
    if (matches.length === 1) return found.merge(matches[0]!);
    const says = matches.length === 0 ? "Found none valid" : `Found ${matches.length} valid alternatives`;
    found.add(general(`${quote(path)} must validate one and only one schema (oneOf). ${says}`));
    if (matches.length === 0) found.merge(closest(all)!);
  }
}

/** The first of those that met most of their schema. */
function closest(all: readonly Findings[]): Findings | undefined {
  let best: Findings | undefined;
  for (const found of all) if (!best || found.matches > best.matches) best = found;
  return best;
}

/** As Go compares after converting to the type of the listed value: fractions are cut when that one is whole. */
function isSame(value: unknown, listed: unknown): boolean {
  if (listed === null) return false;
  if (typeof value === "number" && typeof listed === "number")
    return (Number.isInteger(listed) ? Math.trunc(value) : value) === listed;
  return equalJson(value, listed);
}

function forbidden(path: string, name: string): Finding {
  const text = `${path}.${name} in body is a forbidden property`;
  return { path, text, tell: (errors) => errors.invalid(name, text) };
}

function arrayChecks({ minItems, maxItems, uniqueItems }: JsonSchemaProps): readonly Check[] {
  if (minItems == null && maxItems == null && !uniqueItems) return NO_CHECKS;
  const checks: Check[] = [];
  if (minItems != null)
    checks.push({
      holds: (items: readonly unknown[]) => items.length >= minItems,
      finding: (items, path) =>
        invalid(path, (items as readonly unknown[]).length, `should have at least ${minItems} items`),
    });
  if (maxItems != null)
    checks.push({
      holds: (items: readonly unknown[]) => items.length <= maxItems,
      finding: (items, path) =>
        tooMany(path, (items as readonly unknown[]).length, { max: maxItems, of: "items" }),
    });
  if (uniqueItems)
    checks.push({
      holds: (items: readonly unknown[]) => new Set(items.map(goJson)).size === items.length,
      finding: (_items, path) => invalid(path, "", "shouldn't contain duplicates"),
    });
  return checks;
}

function objectChecks({ minProperties, maxProperties }: JsonSchemaProps): readonly Check[] {
  if (minProperties == null && maxProperties == null) return NO_CHECKS;
  const size = (object: unknown) => Object.keys(object as Members).length;
  const checks: Check[] = [];
  if (minProperties != null)
    checks.push({
      holds: (object: Members) => size(object) >= minProperties,
      finding: (object, path) =>
        invalid(path, size(object), `should have at least ${minProperties} properties`),
    });
  if (maxProperties != null)
    checks.push({
      holds: (object: Members) => size(object) <= maxProperties,
      finding: (object, path) => tooMany(path, size(object), { max: maxProperties, of: "properties" }),
    });
  return checks;
}
