/** Random requests: what verb, where, with which query, headers and body. */

import { bodyOf, JSON_TYPE, madeUp, mutated, type Bytes } from "./bodies.ts";
import { compressed, damaged, fixtureOf } from "./damage.ts";
import { texts } from "./hostile.ts";
import { patchOf, withManagedFields } from "./patches.ts";
import { NAMESPACE, otherBodies, otherPaths, places, type Place } from "./places.ts";
import type { Random } from "./random.ts";
import { ACCEPTS, CONTENT_TYPES, HEADERS, METHODS, NAMES, QUERIES } from "./request-words.ts";

export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const QUERY_LIST = [...QUERIES];

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
  const headers = { ...request.headers, ...(shown && { "content-type": shown }) };
  if (random.chance(0.97)) return { ...request, headers, body: bytes };
  const { encoding, bytes: body } = compressed(random, bytes);
  return { ...request, headers: { ...headers, "content-encoding": encoding }, body };
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
  const fixture =
    !own && method !== "PATCH" && random.chance(0.15) ? fixtureOf(random, place.sample) : undefined;
  if (fixture)
    return { ...fixture, bytes: random.chance(0.9) ? damaged(random, fixture.bytes) : fixture.bytes };
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

/** Watches and followed logs: only their beginning is waited for. */
export function goesOn(path: string): boolean {
  return /[?&](watch|follow)=|\/watch\//.test(path);
}
