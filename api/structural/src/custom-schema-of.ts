/** The schema of one version of a custom resource, with everything that is made from it: see custom-schema.ts. */

import { Budget, RUNTIME_BUDGET } from "@knarr/expressions/limits.ts";
import type { FieldError, FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import { coerce, coerceFields } from "./coerce.ts";
import { Correlation } from "./correlation.ts";
import type { CustomSchema, CustomSchemaOptions } from "./custom-schema.ts";
import { applyDefaults } from "./defaults.ts";
import { validateEmbedded } from "./embedded.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { validateListTypes } from "./list-types.ts";
import { openApiOf } from "./openapi.ts";
import { prune } from "./prune.ts";
import { type Rules, rulesOf } from "./rules.ts";
import { validateScaleSpec, validateScaleStatus } from "./scale.ts";
import { schemaOf } from "./schema-of.ts";
import { type Structural, structuralOf } from "./structural.ts";
import { hasUnprunedDefaults } from "./validate-defaults.ts";
import { NOWHERE, validateValue } from "./validate.ts";
import { Validator } from "./validation/validator.ts";

export function customSchemaOf(props: object | undefined, options: CustomSchemaOptions): CustomSchema {
  return new MadeSchema(props as JsonSchemaProps | undefined, options);
}

/** What makes rules pointless: they count on values of the right types and sizes. */
const BLOCKING: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const NOT_CHECKED =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

class MadeSchema implements CustomSchema {
  readonly structural: Structural;
  readonly #options: CustomSchemaOptions;
  readonly #hasSchema: boolean;
  #schema: Schema | undefined;
  #validator: Validator | undefined;
  #statusValidator: Validator | undefined;
  #rules: Rules | undefined;
  #prunesDefaults: boolean | undefined;
  readonly #forgiven = new WeakMap<object, readonly string[]>();

  constructor(props: JsonSchemaProps | undefined, options: CustomSchemaOptions) {
    this.structural = structuralOf(props);
    this.#hasSchema = props !== undefined;
    this.#options = options;
  }

  get schema(): Schema {
    const preservesUnknown = this.#options.preservesUnknownFields ?? !this.#hasSchema;
    return (this.#schema ??= schemaOf(this.structural, { preservesUnknown }));
  }

  coerce(object: JsonObject): readonly string[] {
    return coerce(object, this.structural, this.#options);
  }

  /** Below `additionalProperties` nothing checks defaults: what their own schemas do not know goes as if it had been sent. */
  applyDefaults(object: JsonObject): void {
    applyDefaults(object, this.structural);
    const { preservesUnknownFields = false } = this.#options;
    this.#prunesDefaults ??= !preservesUnknownFields && hasUnprunedDefaults(this.structural);
    if (this.#prunesDefaults) prune(object, this.structural);
  }

  revive(object: JsonObject): void {
    coerce(object, this.structural, { ...this.#options, dropsMalformed: true });
    this.#complete(object);
  }

  settle(object: JsonObject): void {
    coerceFields(object, this.structural, { ...this.#options, dropsMalformed: true });
    this.#complete(object);
  }

  #complete(object: JsonObject): void {
    const metadata = object.metadata as { generation?: number } | undefined;
    if (metadata) metadata.generation ||= 1;
    this.applyDefaults(object);
  }

  validate(object: JsonObject, errors: FieldErrors): void {
    validateValue(object, this.#validatorOf(), errors);
    this.#validateScale(object, errors);
    validateEmbedded(object, this.structural, errors);
    validateListTypes(object, this.structural, errors);
    this.#checkRules(object, undefined, errors);
  }

  validateUpdate(object: JsonObject, previous: JsonObject, errors: FieldErrors): void {
    const before = new Correlation(object, previous, this.structural);
    validateValue(object, this.#validatorOf(), errors, before);
    this.#validateScale(object, errors);
    validateEmbedded(object, this.structural, errors);
    this.#validateNewLists(object, previous, errors);
    this.#checkRules(object, before, errors);
  }

  validateStatus(object: JsonObject, previous: JsonObject, errors: FieldErrors): void {
    const before = new Correlation(object, previous, this.structural);
    const validator = this.#statusValidatorOf();
    if (validator && Object.hasOwn(object, "status"))
      validateValue(object.status, validator, errors.at("status"), before.member("status"));
    if (this.#options.scale) validateScaleStatus(object, this.#options.scale, errors);
    this.#validateNewLists(object, previous, errors);
    this.#checkRules(object, before, errors);
  }

  warningsOf(object: JsonObject): readonly string[] {
    return this.#forgiven.get(object) ?? [];
  }

  openApi(version: 2 | 3): Readonly<Record<string, object>> {
    return openApiOf(this.#hasSchema ? this.structural : undefined, this.#options, version);
  }

  #validatorOf(): Validator {
    return (this.#validator ??= new Validator(this.structural.props));
  }

  #statusValidatorOf(): Validator | undefined {
    const status = this.structural.properties.get("status");
    return status && (this.#statusValidator ??= new Validator(status.props));
  }

  #checkRules(object: JsonObject, before: Correlation | undefined, errors: FieldErrors): void {
    const rules = (this.#rules ??= rulesOf(this.structural, { isResourceRoot: true }));
    if (!rules) return;
    if (errors.list.some(({ reason }) => BLOCKING.has(reason)))
      return errors.at(NOWHERE).invalid(null, NOT_CHECKED);
    const forgiven: FieldError[] = [];
    rules.check(object, { errors, budget: new Budget(RUNTIME_BUDGET), before, forgiven });
    const texts = forgiven.map(({ field, message }) => `${field}: ${message}`);
    if (texts.length > 0) this.#forgiven.set(object, texts);
  }

  #validateScale(object: JsonObject, errors: FieldErrors): void {
    const { scale } = this.#options;
    if (!scale) return;
    validateScaleSpec(object, scale, errors);
    validateScaleStatus(object, scale, errors);
  }

  /** Lists that had repetitions before may keep them: the rule looks at whole objects. */
  #validateNewLists(object: JsonObject, previous: JsonObject, errors: FieldErrors): void {
    const old = errors.list.length;
    validateListTypes(object, this.structural, errors);
    if (errors.list.length === old) return;
    const found = errors.list.splice(old);
    validateListTypes(previous, this.structural, errors);
    if (errors.list.length > old) errors.list.length = old;
    else errors.list.push(...found);
  }
}
