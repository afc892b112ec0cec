/** Every path that is no resource, and what answers it. The list is what `GET /` shows. */

import { notAcceptable } from "@knarr/machinery/status.ts";
import type { Access } from "./access.ts";
import type { Aggregator } from "./aggregation/aggregator.ts";
import type { Caches } from "./cache/cache.ts";
import { Discovery, unlessKnown } from "./discovery/discovery.ts";
import { GIT_VERSION, versionInfo } from "./discovery/version.ts";
import { healthAnswer, type HealthCheck } from "./health/health.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import { clausesOf, outputOf } from "./negotiation/accept.ts";
import { OpenApi, type Published } from "./openapi/documents.ts";
import { OPENAPI_V2_PROTOBUF } from "./openapi/protobuf.ts";
import { words } from "./openapi/words.ts";
import { textAnswer, type WholeAnswer } from "./pipeline/answer.ts";
import type { ApiRequest } from "./pipeline/api-request.ts";
import { methodNotAllowed } from "./pipeline/no-path.ts";
import type { PathEntry, PathHandler } from "./pipeline/non-resources.ts";
import type { Registry } from "./registry/registry.ts";

export interface PathsContext {
  readonly registry: Registry;
  readonly aggregator: Aggregator;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly caches: Caches;
  /** Aborts when the server begins to end. */
  readonly stopping: AbortSignal;
  /** `host:port` of this server for others. */
  address(): string;
}

export function nonResourcePaths(context: PathsContext): PathEntry[] {
  const { aggregator, metrics, address } = context;
  const discovery = new Discovery(aggregator, address);
  const core = onlyRead((_, request) => discovery.core(request));
  const entries: PathEntry[] = [
    { path: "/", handler: () => json({ paths: shownPaths(entries, aggregator) }) },
    {
      path: "/api/",
      handler: (parts, request) => (isRoot(request) ? core(parts, request) : discovery.below(request)),
    },
    {
      path: "/apis/",
      handler: (_, request) => (isRoot(request) ? discovery.groups(request) : discovery.below(request)),
    },
    { path: "/version", handler: onlyRead(version) },
    {
      path: "/metrics",
      handler: () => textAnswer(200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8"),
    },
    ...healthPaths(context),
    ...openApiPaths(context),
    ...identityPaths(context),
  ];
  return entries;
}

/** Upstream routes these by method; the others it answers whatever is done to them. */
function onlyRead(handler: PathHandler): PathHandler {
  return (parts, request) => {
    if (request.method !== "GET") throw methodNotAllowed();
    return handler(parts, request);
  };
}

/** JSON alone. */
function version(_: unknown, { headers, query }: ApiRequest): WholeAnswer {
  if (outputOf(headers.accept, query, { transforms: false }).format !== "json")
    throw notAcceptable(["application/json"]);
  return json(versionInfo());
}

function isRoot({ route }: ApiRequest): boolean {
  return route.path.split("/").filter(Boolean).length === 1;
}

function shownPaths(entries: readonly PathEntry[], { groups }: Aggregator): string[] {
  const own = entries
    .map(({ path }) => (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path))
    .filter((path) => path !== "/");
  const kinds = groups.flatMap(({ name, versions }) => [
    ...(name ? [`/apis/${name}`] : []),
    ...versions.map(({ version }) => (name ? `/apis/${name}/${version}` : `/api/${version}`)),
  ]);
  return [...new Set([...own, ...kinds])].sort();
}

/** Those of upstream's that have something of ours behind them. */
const DONE_BEFORE = [
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "start-system-namespaces-controller",
  "priority-and-fairness-config-producer",
  "start-cluster-authentication-info-controller",
];

function healthPaths({ caches, aggregator, stopping }: PathsContext): PathEntry[] {
  let broken: string | undefined;
  caches.failed.catch((err: Error) => (broken = err.message));
  const checksOf = (store: () => string | undefined): HealthCheck[] => [
    { name: "ping", check: () => undefined },
    { name: "log", check: () => undefined },
    { name: "etcd", check: store },
    { name: "informer-sync", check: () => undefined },
    // What these are about is done before anybody is answered.
    ...DONE_BEFORE.map((name) => ({ name: `poststarthook/${name}`, check: () => undefined })),
    { name: "poststarthook/apiservice-discovery-controller", check: () => notYetAsked(aggregator) },
  ];
  const alive = checksOf(() => broken);
  // A server whose disk is full is not to be started anew, for it reads on; whoever can go elsewhere should.
  const ready: HealthCheck[] = [
    ...checksOf(() => broken ?? caches.trouble),
    { name: "etcd-readiness", check: () => broken ?? caches.trouble },
    { name: "shutdown", check: () => (stopping.aborted ? "the server is ending" : undefined) },
  ];
  return Object.entries({ healthz: alive, livez: alive, readyz: ready }).map(([name, checks]) => ({
    path: `/${name}/`,
    handler: (_, request) => healthAnswer(name, checks, request),
  }));
}

/** Until every server behind was looked for once, discovery says less than there is. */
function notYetAsked({ pending }: Aggregator): string | undefined {
  return pending.length > 0 ? `not asked yet: ${pending.join(", ")}` : undefined;
}

function openApiPaths({ registry, aggregator }: PathsContext): PathEntry[] {
  const openApi = new OpenApi({
    version: GIT_VERSION,
    words,
    get groups() {
      return registry.groups;
    },
  });
  const behind = aggregator.openApi;
  const version3: PathHandler = async (_, request) => {
    const path = request.route.path.slice("/openapi/v3/".length).replace(/\/$/, "");
    if (path === "") return published(request, openApi.index(await behind.version3()), false);
    const theirs = await behind.document(path);
    if (theirs && !theirs.document.bytes) return theirs.remote.pass(request);
    const bytes = theirs?.document.bytes;
    const document = bytes ? { bytes, hash: hashIn(theirs.document.url) } : openApi.document(path);
    return document ? document3(request, path, document) : textAnswer(404, "404 page not found\n");
  };
  const version2: PathHandler = async (_, request) => {
    switch (openApiFormat(request.headers.accept)) {
      case "json":
        return published(request, openApi.version2(await behind.version2()), false);
      case "protobuf": {
        const document = openApi.version2InProtobuf(await behind.version2());
        return { ...published(request, document, false), type: OPENAPI_V2_PROTOBUF };
      }
      default:
        return { code: 406, bytes: Buffer.alloc(0), type: "text/plain" };
    }
  };
  return [
    { path: "/openapi/v2", handler: version2 },
    { path: "/openapi/v3/", handler: version3 },
  ];
}

/** Under another address than the document's own, the client is sent there. */
function document3(request: ApiRequest, path: string, document: Published): WholeAnswer {
  const wanted = request.query.get("hash");
  if (!wanted || wanted === document.hash) return published(request, document, wanted !== null);
  const location = `/openapi/v3/${path}?hash=${document.hash}`;
  return { code: 301, bytes: Buffer.alloc(0), headers: { location } };
}

function hashIn(url: string): string {
  return new URLSearchParams(url.split("?")[1]).get("hash") ?? "";
}

function openApiFormat(accept = "*/*"): "json" | "protobuf" | undefined {
  for (const { subtype } of clausesOf(accept)) {
    if (subtype === "json" || subtype === "*") return "json";
    if (/^com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/.test(subtype)) return "protobuf";
  }
  return undefined;
}

function published(request: ApiRequest, { bytes, hash }: Published, isForEver: boolean): WholeAnswer {
  const headers = {
    etag: `"${hash}"`,
    vary: "Accept",
    ...(isForEver && { "cache-control": "public, immutable" }),
  };
  return unlessKnown(request, { code: 200, bytes, headers });
}

/** What others need to check service-account tokens by themselves. */
function identityPaths({ access, address }: PathsContext): PathEntry[] {
  const { keys } = access;
  return [
    {
      path: "/.well-known/openid-configuration",
      handler: onlyRead(() => cacheable(keys.openidConfiguration(`https://${address()}/openid/v1/jwks`))),
    },
    {
      path: "/openid/v1/jwks",
      handler: onlyRead(() => cacheable(keys.keySet(), "application/jwk-set+json")),
    },
  ];
}

function cacheable(value: object, type = "application/json"): WholeAnswer {
  return { code: 200, value, type, headers: { "cache-control": "public, max-age=3600" } };
}

function json(value: object): WholeAnswer {
  return { code: 200, value };
}
