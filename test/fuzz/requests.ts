/** Random requests: what verb, where, with which query, headers and body. */

import { bodyOf, JSON_TYPE, madeUp, mutated, type Bytes } from "./bodies.ts";
import { texts } from "./hostile.ts";
import { patchOf, withManagedFields } from "./patches.ts";
import { NAMESPACE, otherBodies, otherPaths, places, type Place } from "./places.ts";
import type { Random } from "./random.ts";

export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export const NAMES = ["sample", "sample", "sample", "a", "b", "c"];
const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "QUERY",
  "get",
];
const ACCEPTS = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/vnd.kubernetes.protobuf, application/json",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v9;g=meta.k8s.io",
  "application/yaml;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
  "application/json;pretty=1",
  "application/json;stream=watch",
  "application/cbor",
  "*/*;q=0",
  "text/html,*/*;q=0.1",
  ";;,,;=",
  "",
  'application/json;as="',
];
const CONTENT_TYPES = [
  "",
  "text/plain",
  "application/json; charset=utf-16",
  "application/json;",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/x-www-form-urlencoded",
  "application/cbor",
  "application/merge-patch+json",
  '"',
];
export const QUERIES: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "labelSelector",
    ["a=b", "a in (b,c)", "!a", "a>1", "a in (", ",", "a==", "x/y/z=1", "\u0000", "a".repeat(5000)],
  ],
  [
    "fieldSelector",
    [
      "metadata.name=sample",
      "metadata.name!=x",
      "spec.name=a",
      "spec.nodeName=",
      "a=\\",
      "a=b=c",
      ",,",
      "spec.x=1",
    ],
  ],
  ["limit", ["1", "2", "0", "-1", "x", "9223372036854775807", "99999999999999999999", "1.5", ""]],
  [
    "continue",
    [
      "x",
      "e30",
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvIn0",
      "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vIn0",
      "\u0000",
      "",
    ],
  ],
  ["resourceVersion", ["0", "1", "-1", "x", "99999999", "99999999999999999999", "1.5", "", "01"]],
  ["resourceVersionMatch", ["Exact", "NotOlderThan", "x", ""]],
  ["timeoutSeconds", ["1", "0", "-1", "x", "99999999999"]],
  ["timeout", ["1s", "30s", "1ms", "x", "-1s", "99999999h", "1"]],
  ["watch", ["1", "true", "false", "x", ""]],
  ["allowWatchBookmarks", ["1", "x"]],
  ["sendInitialEvents", ["true", "false", "x"]],
  ["fieldValidation", ["Strict", "Warn", "Ignore", "x", ""]],
  ["fieldManager", ["fuzz", "", "x".repeat(129), "\u0000", "é"]],
  ["force", ["true", "false", "x", ""]],
  ["dryRun", ["All", "", "x"]],
  ["propagationPolicy", ["Orphan", "Background", "Foreground", "x", ""]],
  ["orphanDependents", ["true", "x"]],
  ["gracePeriodSeconds", ["0", "1", "-1", "x", "99999999999999999999"]],
  ["ignoreStoreReadErrorWithClusterBreakingPotential", ["true", "x"]],
  ["pretty", ["true", "x"]],
  ["includeObject", ["None", "Metadata", "Object", "x"]],
  ["preconditions", ["x"]],
  ["__proto__", ["x"]],
]);
const QUERY_LIST = [...QUERIES];
const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ["accept-encoding", ["gzip", "br", "*", "gzip;q=0"]],
  ["audit-id", ["x", "x".repeat(300), "a b"]],
  ["user-agent", ["", "fuzz/1", "x".repeat(200), "/"]],
  ["impersonate-user", ["me", "", "system:serviceaccount:a", "system:serviceaccount:fuzz:default", "\u00e9"]],
  ["impersonate-group", ["system:masters", ""]],
  ["impersonate-extra-%00", ["x"]],
  ["impersonate-extra-%zz", ["x"]],
  ["impersonate-uid", ["1"]],
  ["authorization", ["Bearer x", "Bearer a.b.c", "Basic eDp4", "Bearer ", "x"]],
  ["x-remote-user", ["x"]],
  ["if-none-match", ['"x"', "*"]],
  ["content-encoding", ["gzip"]],
  ["expect", ["x"]],
  ["kubectl-session", ["x"]],
];

export function requestOf(random: Random): FuzzRequest {
  if (random.chance(0.08)) return elsewhere(random);
  const place = random.pick(places);
  const method = random.chance(0.9)
    ? random.pick(["GET", "POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE"])
    : random.pick(METHODS);
  const request = {
    method,
    path: pathOf(random, place, method) + queryOf(random, method),
    headers: headersOf(random),
  };
  if (method === "GET" || method === "HEAD") return request;
  return withBody(random, request, bodyFor(random, place, request));
}

/** The namespace itself stays: without it nothing else is tried. */
export function isHarmless({ method, path }: FuzzRequest): boolean {
  return method !== "DELETE" || !new RegExp(`/namespaces/${NAMESPACE}/?(\\?|$)`).test(path);
}

function withBody(random: Random, request: FuzzRequest, { type, bytes }: Bytes): FuzzRequest {
  const shown = random.chance(0.95) ? type : random.pick(CONTENT_TYPES);
  return {
    ...request,
    headers: { ...request.headers, ...(shown && { "content-type": shown }) },
    body: bytes,
  };
}

function pathOf(random: Random, { collection, subresources }: Place, method: string): string {
  const path = random.chance(0.03) ? collection.replace(`/namespaces/${NAMESPACE}`, "") : collection;
  const isCollection = method === "POST" ? random.chance(0.95) : random.chance(method === "GET" ? 0.4 : 0.03);
  if (isCollection) return path;
  const name = random.chance(0.93)
    ? random.pick(NAMES)
    : encodeURIComponent(wellFormed(random.pick(texts).slice(0, 300)));
  const part = random.chance(0.25)
    ? `/${random.chance(0.9) ? random.pick(subresources) : encodeURIComponent(wellFormed(random.pick(texts).slice(0, 300)))}`
    : "";
  return `${path}/${name}${part}`;
}

export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : "%";
}

function queryOf(random: Random, method: string): string {
  if (random.chance(0.5) && method !== "PATCH") return "";
  const query = new URLSearchParams();
  for (const [name, values] of random.some(4, () => random.pick(QUERY_LIST)))
    query.append(name, random.pick(values));
  if (method === "PATCH" && random.chance(0.7)) query.set("fieldManager", random.pick(["fuzz", "other"]));
  if (query.has("watch") && !query.has("timeoutSeconds")) query.set("timeoutSeconds", "1");
  return query.size > 0 ? `?${query}` : "";
}

export function headersOf(random: Random): Record<string, string> {
  const headers: Record<string, string> = { accept: random.chance(0.7) ? JSON_TYPE : random.pick(ACCEPTS) };
  if (random.chance(0.1)) {
    const [name, values] = random.pick(HEADERS);
    headers[name] = random.pick(values);
  }
  return headers;
}

function bodyFor(random: Random, place: Place, { method, path }: FuzzRequest): Bytes {
  if (method === "DELETE")
    return random.chance(0.6) ? NOTHING : bodyOf(random, mutated(random, DELETE_OPTIONS), undefined);
  const last = path.split("?", 1)[0]!.split("/").at(-1)!;
  const own = otherBodies.get(last);
  const object = own ?? objectOf(random, place);
  return method === "PATCH"
    ? patchOf(random, own ? mutated(random, own) : object)
    : bodyOf(random, withManagedFields(random, own ? mutated(random, own) : object), place.schema?.name);
}

const NOTHING: Bytes = { type: JSON_TYPE, bytes: Buffer.alloc(0) };
const DELETE_OPTIONS = {
  ...{ apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, propagationPolicy: "Background" },
  preconditions: { uid: "x", resourceVersion: "1" },
};

export function objectOf(random: Random, { sample, schema }: Place): object {
  const { apiVersion, kind, metadata } = sample as any;
  const name = random.chance(0.6) ? metadata.name : random.pick(NAMES);
  const more = random.chance(0.2) ? RICH : {};
  const whole = { ...sample, metadata: { name, ...more } };
  if (!schema || random.chance(0.6)) return mutated(random, whole);
  const made = madeUp(random, schema) as object;
  const object = random.chance(0.4) ? { ...made, ...sample } : { ...sample, ...made };
  return mutated(random, { ...object, apiVersion, kind, metadata: whole.metadata }, 2);
}

const RICH = {
  labels: { app: "web", "example.org/x": "" },
  annotations: { a: "b" },
  finalizers: ["example.org/stay"],
  generateName: "sample-",
  ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "1", blockOwnerDeletion: true }],
};

/** What asks to become another protocol, or says that it does. */
function upgradeOf(random: Random): Record<string, string> {
  return {
    connection: random.pick(["Upgrade", "upgrade, close", "close"]),
    upgrade: random.pick(["websocket", "SPDY/3.1", "h2c", "x", ""]),
    "sec-websocket-version": random.pick(["13", "8", "x"]),
    "sec-websocket-key": random.pick(["dGhlIHNhbXBsZSBub25jZQ==", "", "x"]),
    "sec-websocket-protocol": random.pick([
      "v5.channel.k8s.io",
      "v4.base64.channel.k8s.io, x",
      "",
      "base64url.bearer.authorization.k8s.io.eA",
    ]),
    "x-stream-protocol-version": random.pick(["v4.channel.k8s.io", "x"]),
  };
}

function elsewhere(random: Random): FuzzRequest {
  const path = random.chance(0.9)
    ? random.pick(otherPaths)
    : `/${random.some(7, () => random.pick(["api", "apis", "v1", "apps", "namespaces", "fuzz", "pods", "watch", "proxy", "%2f", "..", "", "%", "%ff"])).join("/")}`;
  const method = random.chance(0.5) ? "GET" : random.pick(METHODS);
  const request = {
    method,
    path,
    headers: { ...headersOf(random), ...(random.chance(0.2) && upgradeOf(random)) },
  };
  if (method === "GET" || method === "HEAD") return request;
  const own = otherBodies.get(path.split("?", 1)[0]!.split("/").at(-1)!) ?? random.pick(places).sample;
  return withBody(random, request, bodyOf(random, mutated(random, own), undefined));
}
