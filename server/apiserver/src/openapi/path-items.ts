/** The paths of a group with their operations, as both versions of OpenAPI write them. */

import { definitionNameOfKind, publishedResources } from "@knarr/schema/resources.ts";
import type { PublishedResource } from "@knarr/schema/schema.ts";
import type { Group } from "@knarr/kinds/group.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { version2, version3, type Document } from "./components.ts";
import { pathsOf, subresourcePath, type Operation, type Path, type Routed } from "./operations.ts";

export interface Described extends Path {
  readonly operations: readonly Operation[];
  readonly schema: string | undefined;
  readonly gvk: { readonly group: string; readonly version: string; readonly kind: string };
  readonly types: Types;
}

interface Types {
  readonly patch: readonly string[];
  readonly answer: readonly string[];
}

const custom: Types = {
  patch: ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
  answer: ["application/json", "application/yaml"],
};
const builtIn: Types = {
  patch: [...custom.patch, "application/strategic-merge-patch+json"],
  answer: [...custom.answer, "application/vnd.kubernetes.protobuf"],
};

export function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group ? `/apis/${group}/${version}` : `/api/${version}`;
}

export function describedPaths(group: Group): Described[] {
  const published = new Map(
    publishedResources()
      .filter((row) => row.group === group.group && row.version === group.version)
      .map((row) => [row.plural, row]),
  );
  return group.resources.flatMap((resource) => {
    const row = resource.published ?? published.get(resource.plural);
    return row ? pathsOfResource(row, resource) : [];
  });
}

function pathsOfResource(row: PublishedResource, { published }: Resource<any>): Described[] {
  const { group, version, kind, schema } = row;
  const types = published ? custom : builtIn;
  const gvk = { group, version, kind };
  const routed: Routed = {
    root: rootOf(row),
    plural: row.plural,
    namespaced: row.namespaced,
    verbs: row.verbs,
  };
  const own = pathsOf(routed).map((path) => ({ ...path, schema, gvk, types }));
  const below = Object.entries(row.subresources).map(
    ([name, { kind, group = row.group, version = row.version, verbs }]) => ({
      ...subresourcePath(routed, name, verbs),
      schema: kind === row.kind ? schema : definitionNameOfKind(group, version, kind),
      gvk: { group, version, kind },
      types,
    }),
  );
  return [...own, ...below];
}

export function pathItem3({ operations, names, schema, gvk, types }: Described): Document {
  const body = schema ? { schema: { $ref: version3.prefix + schema } } : {};
  const contents = (names: readonly string[]): Document =>
    Object.fromEntries(names.map((name) => [name, body]));
  const parameter = (name: string, where: string, type: string): Document => ({
    name,
    in: where,
    schema: { type },
    ...(where === "path" && { required: true }),
  });
  return {
    ...some({ parameters: names.map((name) => parameter(name, "path", "string")) }),
    ...Object.fromEntries(
      operations.map(({ method, action, parameters, hasBody }) => [
        method,
        {
          ...some({ parameters: parameters.map(({ name, type }) => parameter(name, "query", type)) }),
          ...(hasBody && { requestBody: { content: contents(method === "patch" ? types.patch : ["*/*"]) } }),
          responses: { "200": { description: "OK", content: contents(types.answer) } },
          "x-kubernetes-action": action,
          "x-kubernetes-group-version-kind": gvk,
        },
      ]),
    ),
  };
}

export function pathItem2({ operations, names, schema, gvk, types }: Described): Document {
  const body = schema ? { $ref: version2.prefix + schema } : { type: "object" };
  return {
    ...some({ parameters: names.map((name) => ({ name, in: "path", type: "string", required: true })) }),
    ...Object.fromEntries(
      operations.map(({ method, action, parameters, hasBody }) => [
        method,
        {
          consumes: method === "patch" ? types.patch : ["*/*"],
          produces: types.answer,
          ...some({
            parameters: [
              ...(hasBody ? [{ name: "body", in: "body", schema: body }] : []),
              ...parameters.map(({ name, type }) => ({ name, in: "query", type })),
            ],
          }),
          responses: { "200": { description: "OK", schema: body } },
          "x-kubernetes-action": action,
          "x-kubernetes-group-version-kind": gvk,
        },
      ]),
    ),
  };
}

/** Clients that write a document again leave empty lists out, and compare. */
function some({ parameters }: { readonly parameters: readonly object[] }): Document {
  return parameters.length > 0 ? { parameters } : {};
}
