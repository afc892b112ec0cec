/** What kinds of metrics.k8s.io have in common: amounts used, and how they are described, since no table has them. */

import { definition } from "@knarr/schema/definitions.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import type { Resource } from "../resource.ts";

/** Quantities. */
export interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

const GROUP = "metrics.k8s.io";
const VERSION = "v1beta1";
const META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const VERBS = ["get", "list"];

type Fields = Readonly<Record<string, Schema>>;

export function text(format?: string): Schema {
  return { type: "string", ...(format && { format }) };
}

export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

export function objectOf(fields: Fields): Schema {
  return {
    type: "object",
    properties: new Map(Object.entries(fields)),
    required: new Set(Object.keys(fields)),
  };
}

export const usageSchema: Schema = { type: "object", values: { type: "string", format: "quantity" } };

export interface MetricsKind {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly fields: Fields;
}

/** `schema` and `published` of a kind with these fields beside its metadata. */
export function publishedMetrics({
  kind,
  plural,
  namespaced,
  fields,
}: MetricsKind): Pick<Resource<any>, "published" | "schema"> {
  const name = `io.k8s.metrics.pkg.apis.metrics.${VERSION}.${kind}`;
  const own = { apiVersion: text(), kind: text(), metadata: definition(META) };
  return {
    schema: { ...objectOf({ ...own, ...fields }), name, required: new Set(Object.keys(fields)) },
    published: {
      ...{ group: GROUP, version: VERSION, kind, plural, namespaced, verbs: VERBS, subresources: {} },
      schema: name,
      storedVersion: VERSION,
      openApi: (version) => {
        const to = (name: string) => ({
          $ref: `${version === 2 ? "#/definitions/" : "#/components/schemas/"}${name}`,
        });
        const { properties, required } = openApiOf(objectOf(fields)) as OpenApiObject;
        return {
          [name]: described(kind, { metadata: to(META), ...properties }, required),
          [`${name}List`]: described(
            `${kind}List`,
            { metadata: to(LIST_META), items: { type: "array", items: to(name) } },
            ["items"],
          ),
        };
      },
    },
  };
}

interface OpenApiObject {
  readonly properties: object;
  readonly required: readonly string[];
}

function described(kind: string, properties: object, required: readonly string[]): object {
  return {
    type: "object",
    properties: { apiVersion: { type: "string" }, kind: { type: "string" }, ...properties },
    required,
    "x-kubernetes-group-version-kind": [{ group: GROUP, version: VERSION, kind }],
  };
}

function openApiOf({ type, format, items, values, properties, required }: Schema): object {
  const fields = [...(properties ?? [])].map(([name, field]) => [name, openApiOf(field)] as const);
  return {
    type,
    ...(format && format !== "quantity" && format !== "duration" && { format }),
    ...(items && { items: openApiOf(items) }),
    ...(values && { additionalProperties: openApiOf(values) }),
    ...(fields.length > 0 && { properties: Object.fromEntries(fields) }),
    ...(required?.size && { required: [...required] }),
  };
}
