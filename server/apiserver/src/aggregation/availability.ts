/**
 * Says of every APIService whether it is available: those of our own always are; a server behind ours is when its Service has an endpoint and
 * what it serves can be read from there. That is looked at again twice a minute besides, because no watch tells of a broken network.
 *
 * What a server behind ours serves is read on the same occasions, before it is called available: whoever waits for that finds its kinds.
 */

import { defineIndex } from "@knarr/client/cache.ts";
import { defineController, type Controller } from "@knarr/client/controller.ts";
import { apiService, localIsAvailable } from "@knarr/kinds/apiregistration/api-service.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { endpointSlice as sliceKind } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { APIService, APIServiceCondition } from "@knarr/kinds/generated/apiregistration-v1.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Remote } from "./remote.ts";

const AGAIN_MS = 30_000;
const TIMEOUT_MS = 5000;
/** Endpoints differ: so many are tried. */
const ATTEMPTS = 5;
const AGGREGATOR = { name: "system:kube-aggregator", groups: ["system:masters"] };
const SERVICE_NAME = "kubernetes.io/service-name";

/** What is found; `isSure` when no waiting will change it before a watch tells. */
interface Finding {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export interface AvailabilityParts {
  remote(name: string): Remote | undefined;
  /** The server answers (or not): what it serves may have changed. Never rejects. */
  looked(name: string, answers: boolean): Promise<void>;
  /** It was not known to be unavailable until now. */
  becameUnavailable(name: string, reason: string): void;
}

const byService = defineIndex<APIService>({
  name: "APIServices by Service",
  of: apiService,
  values: ({ spec }) => (spec?.service ? [`${spec.service.namespace}/${spec.service.name}`] : []),
});

const slicesByService = defineIndex<EndpointSlice & { metadata: object }>({
  name: "EndpointSlices by Service",
  of: sliceKind as never,
  values: ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`],
});

export function availabilityController(parts: AvailabilityParts): Controller<APIService> {
  const backoff = new Backoff({ maxMs: AGAIN_MS });
  return defineController<APIService>({
    name: "apiservice-availability",
    for: apiService,
    watches: [
      {
        resource: serviceKind as never,
        wakes: ({ metadata }: any, cache) =>
          cache.by(byService, `${metadata.namespace}/${metadata.name}`).map(nameOf),
      },
      {
        resource: sliceKind as never,
        wakes: ({ metadata }: any, cache) =>
          cache.by(byService, `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`).map(nameOf),
      },
    ],
    indexes: [byService, slicesByService],
    writes: { "apiservices.apiregistration.k8s.io/status": ["update"] },

    async reconcile(name, { cache, api, clock }) {
      const current = cache.get(apiService, name);
      if (!current) return backoff.forget(name);
      const now = formatTime(clock.now());
      const reference = current.spec?.service;
      if (!reference) {
        const before = availableIn(current);
        if (before?.status !== "True")
          await api.updateStatus(apiService, withCondition(current, localIsAvailable(now)));
        return;
      }
      const remote = parts.remote(name);
      if (!remote) return; // its own cache is a moment behind: the change wakes us
      const key = `${reference.namespace}/${reference.name}`;
      const service = cache.get(serviceKind as never, key) as Service | undefined;
      const slices = cache.by(slicesByService as never, key) as readonly EndpointSlice[];
      const finding = problemWithService(current, service, slices) ?? (await problemWithServer(remote));
      await parts.looked(name, !finding);
      const condition = { type: "Available", lastTransitionTime: now, ...(finding ?? PASSED) };
      const next = withCondition(current, condition);
      if (next !== current) await api.updateStatus(apiService, next);
      if (finding && availableIn(current)?.status !== "False") parts.becameUnavailable(name, finding.reason);
      if (finding?.reason === "FailedDiscoveryCheck") return { againInMs: backoff.next(name) };
      backoff.forget(name);
      return { againInMs: AGAIN_MS };
    },
  });
}

const PASSED: Finding = { status: "True", reason: "Passed", message: "all checks passed" };

/** What the cluster itself says against it, the same words as upstream's. */
function problemWithService(
  { spec }: APIService,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Finding | undefined {
  const { namespace = "", name = "", port = 443 } = spec!.service!;
  const where = `service/${name} in ${quote(namespace)}`;
  const fail = (reason: string, message: string): Finding => ({ status: "False", reason, message });
  if (!service) return fail("ServiceNotFound", `${where} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (!found) return fail("ServicePortError", `${where} is not listening on port ${port}`);
  if (slices.length === 0) return fail("EndpointsNotFound", `cannot find endpointslices for ${where}`);
  const portName = found.name ?? "";
  if (!slices.some((slice) => isReady(slice, portName)))
    return fail(
      "MissingEndpoints",
      `endpointslices for ${where} have no addresses with port name ${quote(portName)}`,
    );
  return undefined;
}

function isReady(slice: EndpointSlice, portName: string): boolean {
  const [endpoints, ports] = [slice.endpoints ?? [], slice.ports ?? []]; // null when empty, as Go writes them
  return (
    endpoints.some(({ conditions }) => conditions?.ready !== false) &&
    ports.some(({ name = "", port }) => name === portName && port !== undefined)
  );
}

/** One success among several endpoints is enough; mostly the first is one. */
async function problemWithServer(remote: Remote): Promise<Finding | undefined> {
  try {
    await look(remote).catch(() =>
      Promise.any(Array.from({ length: ATTEMPTS - 1 }, () => look(remote))).catch((err: AggregateError) => {
        throw err.errors.at(-1);
      }),
    );
    return undefined;
  } catch (err) {
    return { status: "False", reason: "FailedDiscoveryCheck", message: (err as Error).message };
  }
}

/** Reads what every server behind ours must have. */
async function look(remote: Remote): Promise<void> {
  const upstream = remote.upstream();
  const url = `https://${upstream.authority}${remote.root}`;
  const failed = (why: string, cause?: unknown): Error =>
    new Error(`failing or missing response from ${url}: ${why}`, { cause });
  const asked = { path: remote.root, accept: "*/*", as: AGGREGATOR, timeoutMs: TIMEOUT_MS };
  let code;
  try {
    ({ code } = await remote.ask(asked, upstream));
  } catch (err) {
    throw failed(`Get ${quote(url)}: ${(err as Error).message}`, err);
  }
  if (code < 200 || code >= 300) throw failed(`bad status from ${url}: ${code}`);
}

/** The object with the condition in it; itself when that says nothing new. */
function withCondition(object: APIService, condition: APIServiceCondition): APIService {
  const { conditions = [], ...rest } = object.status ?? {};
  const before = availableIn(object);
  if (before && isSame(before, condition)) return object;
  const isChange = before?.status !== condition.status;
  const made = isChange ? condition : { ...condition, lastTransitionTime: before.lastTransitionTime! };
  const next = before ? conditions.map((one) => (one === before ? made : one)) : [...conditions, made];
  return { ...object, status: { ...rest, conditions: next } };
}

function isSame(before: APIServiceCondition, { status, reason, message }: APIServiceCondition): boolean {
  return before.status === status && before.reason === reason && before.message === message;
}

function availableIn({ status }: APIService): APIServiceCondition | undefined {
  return status?.conditions?.find(({ type }) => type === "Available");
}

function nameOf({ metadata }: APIService): string {
  return metadata.name!;
}
