/** Every place of the API that a fuzz goes to: each kind with where it lives, its sample and its schema, and paths that are no kind's. */

import { groups } from "@knarr/kinds/kinds.ts";
import { schemaOf } from "@knarr/kinds/resource.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import { names, samples } from "../api/samples.ts";

export const NAMESPACE = "fuzz";

export interface Place {
  readonly kind: string;
  readonly group: string;
  /** Path of the collection. */
  readonly collection: string;
  readonly namespaced: boolean;
  readonly sample: object;
  /** Absent for custom resources. */
  readonly schema?: Schema;
  readonly subresources: readonly string[];
}

const PLACES: readonly Place[] = groups.flatMap(({ group, version, resources }) =>
  resources.map((resource) => {
    const { kind, plural, scope, subresources = {} } = resource;
    const apiVersion = group ? `${group}/${version}` : version;
    const own = samples[`${version} ${kind}`] ?? samples[kind] ?? samples[`${group || "core"} ${kind}`] ?? {};
    const namespaced = scope === "Namespaced";
    const place = namespaced ? `/namespaces/${NAMESPACE}` : "";
    return {
      ...{ kind, group, namespaced },
      collection: `${group ? "/apis" : "/api"}/${apiVersion}${place}/${plural}`,
      sample: { apiVersion, kind, metadata: { name: names[kind] ?? "sample" }, ...own },
      schema: schemaOf(resource),
      subresources: ["status", "scale", ...Object.keys(subresources.parts ?? {})],
    };
  }),
);

/** Kinds that fuzzed definitions cannot hurt; what they mean is in `custom.ts`. */
export const CUSTOM: Place = {
  ...{ kind: "Boat", group: "fuzz.example.org", namespaced: true, subresources: ["status", "scale"] },
  collection: `/apis/fuzz.example.org/v1/namespaces/${NAMESPACE}/boats`,
  sample: {
    ...{ apiVersion: "fuzz.example.org/v1", kind: "Boat", metadata: { name: "sample" } },
    spec: {
      ...{ name: "Ann", length: 12, crew: [{ name: "a", role: "cook" }], tags: ["x"], size: "50%" },
      ...{ cargo: { any: [1, { thing: null }] }, ports: { a: 1 }, launched: "2026-01-01T00:00:00Z" },
    },
  },
};

/** The custom kind has many turns: its rules and schema are code of their own. */
export const places: readonly Place[] = [...PLACES, ...Array(6).fill(CUSTOM)];

export const otherPaths: readonly string[] = [
  "/",
  "/api",
  "/api/",
  "/api/v1",
  "/api/v2",
  "/apis",
  "/apis/apps",
  "/apis/apps/v1",
  "/apis/nowhere.example.org/v1/things",
  "/version",
  "/metrics",
  "/healthz",
  "/livez/ping",
  "/readyz?verbose&exclude=etcd",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/apis/apps/v1",
  "/openapi/v3/api/v1?hash=x",
  "/openid/v1/jwks",
  "/.well-known/openid-configuration",
  "/api/v1/watch/pods",
  "/api/v1/watch",
  "/api/v1/proxy",
  "/api/v1/proxy/nodes/n1",
  "/api/v1/namespaces/fuzz/pods/sample/log?tailLines=-1&sinceSeconds=x",
  "/api/v1/namespaces/fuzz/pods/sample/log?limitBytes=99999999999999999999&stream=None",
  "/api/v1/namespaces/fuzz/pods/sample/exec?command=a&container=%00",
  "/api/v1/namespaces/fuzz/pods/sample/attach?stdin=maybe",
  "/api/v1/namespaces/fuzz/pods/sample/portforward?ports=0&ports=x",
  "/api/v1/namespaces/fuzz/pods/sample/proxy",
  "/api/v1/namespaces/fuzz/pods/http:sample:99999/proxy/a//b/../c",
  "/api/v1/namespaces/fuzz/pods/sample/binding",
  "/api/v1/namespaces/fuzz/pods/sample/eviction",
  "/api/v1/namespaces/fuzz/pods/sample/ephemeralcontainers",
  "/api/v1/namespaces/fuzz/pods/sample/resize",
  "/api/v1/namespaces/fuzz/services/sample/proxy/",
  "/api/v1/namespaces/fuzz/services/https:sample:/proxy/x?y",
  "/api/v1/namespaces/fuzz/services/%3A%3A/proxy/x",
  "/api/v1/namespaces/fuzz/serviceaccounts/default/token",
  "/api/v1/namespaces/fuzz/bindings",
  "/api/v1/namespaces/sample/finalize",
  "/api/v1/nodes/sample/proxy/metrics",
  "/api/v1/nodes/sample:0/proxy/",
  "/apis/certificates.k8s.io/v1/certificatesigningrequests/sample/approval",
  "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
];

/** Bodies of what is no stored kind, by the end of their path. */
export const otherBodies: ReadonlyMap<string, object> = new Map(
  Object.entries({
    binding: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "sample" },
      target: { kind: "Node", name: "n1" },
    },
    bindings: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "sample" },
      target: { kind: "Node", name: "n1" },
    },
    eviction: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "sample" } },
    token: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["a"], expirationSeconds: 600 },
    },
    scale: {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "sample" },
      spec: { replicas: 2 },
    },
  }),
);
