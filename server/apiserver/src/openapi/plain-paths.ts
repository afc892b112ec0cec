/** The paths that lead to no objects: what groups there are, which version this is, whom to trust. In version 3 most have a document each. */

import type { Group } from "@knarr/kinds/group.ts";
import { version2, version3, type Document } from "./components.ts";
import { capitals, groupTag, groupVersionId, tagOf } from "./operation-ids.ts";
import { rootOf, unauthorized } from "./path-items.ts";

export interface PlainPath {
  /** Without the slashes around it: of its document, below /openapi/v3/. */
  readonly path: string;
  readonly tag: string;
  readonly id: string;
  /** What it answers with; without one, text that is not Kubernetes' own. */
  readonly definition?: string;
  readonly types: readonly string[];
}

const anyForm = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const meta = (kind: string): Pick<PlainPath, "definition" | "types"> => ({
  definition: `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`,
  types: anyForm,
});

const fixed: readonly PlainPath[] = [
  {
    ...{ path: ".well-known/openid-configuration", tag: "WellKnown", types: ["application/json"] },
    id: "getServiceAccountIssuerOpenIDConfiguration",
  },
  { path: "api", tag: "core", id: "getCoreAPIVersions", ...meta("APIVersions") },
  { path: "apis", tag: "apis", id: "getAPIVersions", ...meta("APIGroupList") },
  {
    ...{ path: "openid/v1/jwks", tag: "openid", types: ["application/jwk-set+json"] },
    id: "getServiceAccountIssuerOpenIDKeyset",
  },
  {
    ...{ path: "version", tag: "version", id: "getCodeVersion", types: ["application/json"] },
    definition: "io.k8s.apimachinery.pkg.version.Info",
  },
];

/** Those with documents of their own. Upstream describes no custom group. */
export function plainPaths(builtIn: readonly Group[]): PlainPath[] {
  const names = new Set(builtIn.map(({ group }) => group).filter((name) => name !== ""));
  return [...fixed, ...[...names].map(groupPath)];
}

function groupPath(name: string): PlainPath {
  const tag = groupTag(name);
  return { path: `apis/${name}`, tag, id: `get${capitals([tag])}APIGroup`, ...meta("APIGroup") };
}

/** What kinds a group has, which stands in its own document. */
export function kindsPath(group: Group): PlainPath {
  return {
    ...{ path: rootOf(group).slice(1), tag: tagOf(group), id: `get${groupVersionId(group)}APIResources` },
    ...meta("APIResourceList"),
  };
}

export function plainItems(
  paths: readonly PlainPath[],
  item: typeof plainItem2 | typeof plainItem3,
): Document {
  return Object.fromEntries(paths.map((path) => [`/${path.path}/`, { get: item(path) }]));
}

export function plainItem2({ tag, id, definition, types }: PlainPath): Document {
  const schema = definition ? { $ref: version2.prefix + definition } : { type: "string" };
  return {
    ...(definition && { consumes: types }),
    ...{ produces: types, schemes: ["https"], tags: [tag], operationId: id },
    responses: { "200": { description: "OK", schema }, ...unauthorized },
  };
}

export function plainItem3({ tag, id, definition, types }: PlainPath): Document {
  const schema = definition ? { $ref: version3.prefix + definition } : { type: "string" };
  const content = Object.fromEntries(types.map((type) => [type, { schema }]));
  const responses = { "200": { description: "OK", content }, ...unauthorized };
  return { tags: [tag], operationId: id, responses };
}
