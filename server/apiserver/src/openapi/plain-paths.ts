/** The paths that lead to no objects: what groups there are, which version this is, whom to trust. In version 3 each is a document. */

import type { Group } from "@knarr/kinds/group.ts";
import { version2, version3, type Document } from "./components.ts";

export interface PlainPath {
  /** Of its document, below /openapi/v3/. */
  readonly path: string;
  /** What it answers with; without one, text that is not Kubernetes' own. */
  readonly definition?: string;
  readonly types: readonly string[];
}

const anyForm = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const meta = (kind: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;

const fixed: readonly PlainPath[] = [
  { path: ".well-known/openid-configuration", types: ["application/json"] },
  { path: "api", definition: meta("APIVersions"), types: anyForm },
  { path: "apis", definition: meta("APIGroupList"), types: anyForm },
  { path: "openid/v1/jwks", types: ["application/jwk-set+json"] },
  { path: "version", definition: "io.k8s.apimachinery.pkg.version.Info", types: ["application/json"] },
];

/** Upstream describes no custom group. */
export function plainPaths(builtIn: readonly Group[]): PlainPath[] {
  const names = new Set(builtIn.map(({ group }) => group).filter((name) => name !== ""));
  const definition = meta("APIGroup");
  return [...fixed, ...[...names].map((name) => ({ path: `apis/${name}`, definition, types: anyForm }))];
}

export function plainItems(
  paths: readonly PlainPath[],
  item: typeof plainItem2 | typeof plainItem3,
): Document {
  return Object.fromEntries(paths.map((path) => [`/${path.path}/`, { get: item(path) }]));
}

export function plainItem2({ definition, types }: PlainPath): Document {
  const schema = definition ? { $ref: version2.prefix + definition } : { type: "string" };
  return { produces: types, responses: { "200": { description: "OK", schema } } };
}

export function plainItem3({ definition, types }: PlainPath): Document {
  const schema = definition ? { $ref: version3.prefix + definition } : { type: "string" };
  const content = Object.fromEntries(types.map((type) => [type, { schema }]));
  return { responses: { "200": { description: "OK", content } } };
}
