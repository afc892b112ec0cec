/**
 * What rules see of a custom resource's schema: JSONSchemaProps as plain JSON, of which only this much is read. Frozen
 * schemas are fine; what is made of a schema is kept beside it, by identity.
 */

export interface RuleSchema {
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly nullable?: boolean;
  readonly items?: RuleSchema | readonly RuleSchema[];
  readonly properties?: { readonly [name: string]: RuleSchema };
  readonly additionalProperties?: RuleSchema | boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

const TEXT: RuleSchema = { type: "string" };
const METADATA: RuleSchema = { type: "object", properties: { name: TEXT, generateName: TEXT } };

const whole = new WeakMap<RuleSchema, RuleSchema>();

/** The schema of a resource, with the fields that every resource has if it does not say so itself. The same for the same schema. */
export function withMetadata(schema: RuleSchema): RuleSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const { name, generateName } = metadata?.properties ?? {};
  const says = [kind, apiVersion, name, generateName].every((property) => property?.type === "string");
  if (says && metadata!.type === "object") return schema;
  return whole.getOrInsertComputed(schema, () => {
    const { items: _, ...rest } = schema;
    return {
      ...rest,
      properties: { ...schema.properties, kind: TEXT, apiVersion: TEXT, metadata: METADATA },
    };
  });
}
