/**
 * OpenAPI documents of what is served: version 3 one per group and version, version 2 one for all. Built when first asked for,
 * kept as bytes with a hash that is their ETag and, in version 3's index, part of their address: clients keep a document for
 * ever and ask again only when the hash changes.
 */

import { createHash } from "node:crypto";
import { definitionNameOfKind, publishedResources } from "@knarr/schema/resources.ts";
import type { PublishedResource } from "@knarr/schema/schema.ts";
import type { Group } from "@knarr/kinds/group.ts";
import { definitionsFrom, version2, version3, type Document } from "./components.ts";
import { documentInProtobuf } from "./protobuf.ts";
import { pathsOf, subresourcePath, type Operation, type Path, type Routed } from "./operations.ts";

export interface Published {
  readonly bytes: Buffer;
  readonly hash: string;
}

interface Described extends Path {
  readonly operations: readonly Operation[];
  readonly schema: string | undefined;
  readonly gvk: { readonly group: string; readonly version: string; readonly kind: string };
}

const MEDIA_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

export class OpenApi {
  readonly #version: string;
  readonly #groups: readonly Group[];
  readonly #documents = new Map<string, Published>();

  /** `version` as /version says it. */
  constructor(version: string, groups: readonly Group[]) {
    this.#version = version;
    this.#groups = groups;
  }

  /** The index at /openapi/v3: every group and version that has a document. */
  index(): Published {
    return this.#kept("index", () => ({
      paths: Object.fromEntries(
        this.#groups.map((group) => {
          const path = rootOf(group).slice(1);
          return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.document(path)!.hash}` }];
        }),
      ),
    }));
  }

  /** The document at /openapi/v3/`path`, e.g. `apis/apps/v1`; undefined for what is not served. */
  document(path: string): Published | undefined {
    const group = this.#groups.find((candidate) => rootOf(candidate).slice(1) === path);
    return group && this.#kept(path, () => this.#version3(group));
  }

  /** The one document at /openapi/v2. */
  version2(): Published {
    return this.#kept("v2", () => this.#version2());
  }

  /** The same in protobuf, by gnostic's numbers. */
  version2InProtobuf(): Published {
    return this.#keptBytes("v2 protobuf", () => documentInProtobuf(this.#version2()));
  }

  #version2(): Document {
    const paths = this.#groups.flatMap(describedPaths);
    return {
      swagger: "2.0",
      info: { title: "Kubernetes", version: this.#version },
      paths: Object.fromEntries(paths.map((path) => [path.path, pathItem2(path)])),
      definitions: definitionsFrom(rootsOf(paths), version2),
    };
  }

  #version3(group: Group): Document {
    const paths = describedPaths(group);
    return {
      openapi: "3.0.0",
      info: { title: "Kubernetes", version: this.#version },
      paths: Object.fromEntries(paths.map((path) => [path.path, pathItem3(path)])),
      components: { schemas: definitionsFrom(rootsOf(paths), version3) },
    };
  }

  #kept(name: string, make: () => Document): Published {
    return this.#keptBytes(name, () => Buffer.from(JSON.stringify(make())));
  }

  #keptBytes(name: string, make: () => Buffer): Published {
    return this.#documents.getOrInsertComputed(name, () => {
      const bytes = make();
      return { bytes, hash: createHash("sha512").update(bytes).digest("hex").toUpperCase() };
    });
  }
}

function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group ? `/apis/${group}/${version}` : `/api/${version}`;
}

function rootsOf(paths: readonly Described[]): string[] {
  const always = ["Status", "DeleteOptions"].map((kind) => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`);
  return [...always, ...paths.flatMap(({ schema }) => schema ?? [])];
}

function describedPaths(group: Group): Described[] {
  const published = new Map(
    publishedResources()
      .filter((row) => row.group === group.group && row.version === group.version)
      .map((row) => [row.plural, row]),
  );
  return group.resources.flatMap(({ plural, kind, schema }) => {
    const row = published.get(plural);
    return row ? pathsOfResource(row, { group: group.group, version: group.version, kind }, schema) : [];
  });
}

function pathsOfResource(row: PublishedResource, gvk: Described["gvk"], schema: string): Described[] {
  const routed: Routed = {
    root: rootOf(row),
    plural: row.plural,
    namespaced: row.namespaced,
    verbs: row.verbs,
  };
  const own = pathsOf(routed).map((path) => ({ ...path, schema, gvk }));
  const below = Object.entries(row.subresources).map(
    ([name, { kind, group = row.group, version = row.version, verbs }]) => ({
      ...subresourcePath(routed, name, verbs),
      schema: definitionNameOfKind(group, version, kind),
      gvk: { group, version, kind },
    }),
  );
  return [...own, ...below];
}

function pathItem3({ operations, names, schema, gvk }: Described): Document {
  const body = schema ? { schema: { $ref: version3.prefix + schema } } : {};
  const contents = (types: readonly string[]): Document =>
    Object.fromEntries(types.map((type) => [type, body]));
  const parameter = (name: string, where: string, type: string): Document => ({
    name,
    in: where,
    schema: { type },
    ...(where === "path" && { required: true }),
  });
  return {
    parameters: names.map((name) => parameter(name, "path", "string")),
    ...Object.fromEntries(
      operations.map(({ method, action, parameters, hasBody }) => [
        method,
        {
          parameters: parameters.map(({ name, type }) => parameter(name, "query", type)),
          ...(hasBody && { requestBody: { content: contents(method === "patch" ? PATCH_TYPES : ["*/*"]) } }),
          responses: { "200": { description: "OK", content: contents(MEDIA_TYPES) } },
          "x-kubernetes-action": action,
          "x-kubernetes-group-version-kind": gvk,
        },
      ]),
    ),
  };
}

function pathItem2({ operations, names, schema, gvk }: Described): Document {
  const body = schema ? { $ref: version2.prefix + schema } : { type: "object" };
  return {
    parameters: names.map((name) => ({ name, in: "path", type: "string", required: true })),
    ...Object.fromEntries(
      operations.map(({ method, action, parameters, hasBody }) => [
        method,
        {
          consumes: method === "patch" ? PATCH_TYPES : ["*/*"],
          produces: MEDIA_TYPES,
          parameters: [
            ...(hasBody ? [{ name: "body", in: "body", schema: body }] : []),
            ...parameters.map(({ name, type }) => ({ name, in: "query", type })),
          ],
          responses: { "200": { description: "OK", schema: body } },
          "x-kubernetes-action": action,
          "x-kubernetes-group-version-kind": gvk,
        },
      ]),
    ),
  };
}
