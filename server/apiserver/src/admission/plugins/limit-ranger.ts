/**
 * LimitRanger: containers that say nothing get the requests and limits of the namespace's LimitRanges, and pods, containers and volume
 * claims stay within them.
 */

import { limitRange } from "@knarr/kinds/core/limit-range.ts";
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from "@knarr/kinds/generated/core-v1.ts";
import { amount } from "@knarr/kinds/shared/amounts.ts";
import { aggregate as amountsOf } from "@knarr/kinds/shared/pod/aggregate.ts";
import { aggregate } from "@knarr/machinery/aggregate.ts";
import type { Caches } from "../../cache/cache.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { ReadableRules } from "../readable-rules.ts";
import { isFor, refused } from "../refuse.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";
const CLAIM = "PersistentVolumeClaim";

export function limitRanger(caches: Caches): AdmissionPlugin {
  const rules = new ReadableRules(caches, [limitRange]);
  return {
    name: "LimitRanger",
    handles: ["CREATE", "UPDATE"],

    mutate(pod, request, world) {
      if (!isLimitedPod(request)) return;
      rules.check(request, pod);
      for (const { spec } of rangesFor(request, world)) fillIn(pod, spec?.limits ?? []);
    },

    validate(object, request, world) {
      const check = isLimitedPod(request)
        ? podProblems
        : isFor(request, "", "persistentvolumeclaims")
          ? claimProblems
          : undefined;
      if (!check) return;
      rules.check(request, object);
      for (const { spec } of rangesFor(request, world)) {
        const problems = (spec?.limits ?? []).flatMap((limit) => [...check(object, limit)]);
        if (problems.length > 0) throw refused(request, object, aggregate(problems));
      }
    },
  };
}

/** What containers ask for is set once and for all, but for a resize. */
function isLimitedPod(request: AdmissionRequest): boolean {
  return request.operation === "CREATE" ? isFor(request, "", "pods") : isFor(request, "", "pods", "resize");
}

/** None for what is being deleted. */
function rangesFor({ previous, namespace }: AdmissionRequest, world: World): readonly LimitRange[] {
  return previous?.metadata.deletionTimestamp ? [] : world.list(limitRange, namespace);
}

function fillIn(pod: Pod, limits: readonly LimitRangeItem[]): void {
  const ofContainers = limits.filter(({ type }) => type === "Container");
  const requests = Object.assign({}, ...ofContainers.map(({ defaultRequest }) => defaultRequest));
  const most = Object.assign({}, ...ofContainers.map((limit) => limit.default));
  const told: string[] = [];
  const fill = (container: Container, what: string): void => {
    for (const [list, defaults, word] of [
      ["requests", requests, "request"],
      ["limits", most, "limit"],
    ] as const) {
      const missing = Object.keys(defaults).filter(
        (name) => container.resources?.[list]?.[name] === undefined,
      );
      if (missing.length === 0) continue;
      const filled = ((container.resources ??= {})[list] ??= {});
      for (const name of missing) filled[name] = defaults[name];
      told.push(`${missing.sort().join(", ")} ${word} for ${what} ${container.name}`);
    }
  };
  for (const container of pod.spec?.containers ?? []) fill(container, "container");
  for (const container of pod.spec?.initContainers ?? []) fill(container, "init container");
  if (told.length > 0)
    (pod.metadata.annotations ??= {})[ANNOTATION] = `LimitRanger plugin set: ${told.join("; ")}`;
}

type Amounts = Readonly<Record<string, string>>;

interface Asked {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

function* podProblems({ spec }: Pod, limit: LimitRangeItem): Iterable<string> {
  if (!spec) return;
  if (limit.type === "Container")
    for (const { resources = {} } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      yield* problemsOf(resources, limit);
  if (limit.type === "Pod")
    yield* problemsOf({ requests: wholePod(spec, "requests"), limits: wholePod(spec, "limits") }, limit);
}

/** What the pod asks for as a whole stands in place of the sum. */
function wholePod(spec: NonNullable<Pod["spec"]>, list: "requests" | "limits"): Amounts {
  const own = spec.resources?.[list] ?? {};
  const total = amountsOf(spec, list);
  for (const name of ["cpu", "memory"]) if (own[name] !== undefined) total[name] = own[name];
  return total;
}

/** Claims ask for no limits, so only requests are held against the range. */
function* claimProblems({ spec }: PersistentVolumeClaim, limit: LimitRangeItem): Iterable<string> {
  if (limit.type !== CLAIM) return;
  const requests = spec?.resources?.requests ?? {};
  for (const [name, least] of sorted(limit.min)) yield* belowMinimum({ requests }, range(CLAIM, name, least));
  for (const [name, most] of sorted(limit.max)) {
    const request = requests[name];
    const says = `maximum ${name} usage per ${CLAIM} is ${most}`;
    if (request === undefined) yield `${says}.  No request is specified`;
    else if (amount(request).compare(amount(most)) > 0) yield `${says}, but request is ${request}`;
  }
}

function* problemsOf(
  asked: Asked,
  { type, min, max, maxLimitRequestRatio }: LimitRangeItem,
): Iterable<string> {
  for (const [name, value] of sorted(min)) yield* belowMinimum(asked, range(type, name, value));
  for (const [name, value] of sorted(max)) yield* aboveMaximum(asked, range(type, name, value));
  for (const [name, value] of sorted(maxLimitRequestRatio))
    yield* aboveRatio(asked, range(type, name, value));
}

/** In one order: upstream's is any. */
function sorted(amounts: Amounts = {}): readonly (readonly [string, string])[] {
  return Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Range {
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

function range(type: string, name: string, value: string): Range {
  return { type, name, value };
}

function* belowMinimum(
  { requests = {}, limits = {} }: Asked,
  { type, name, value }: Range,
): Iterable<string> {
  const [request, limit] = [requests[name], limits[name]];
  const isBelow = (text: string): boolean => amount(text).compare(amount(value)) < 0;
  const says = `minimum ${name} usage per ${type} is ${value}`;
  if (request === undefined) yield `${says}.  No request is specified`;
  else if (isBelow(request)) yield `${says}, but request is ${request}`;
  else if (limit !== undefined && isBelow(limit)) yield `${says}, but limit is ${limit}`;
}

function* aboveMaximum(
  { requests = {}, limits = {} }: Asked,
  { type, name, value }: Range,
): Iterable<string> {
  const [request, limit] = [requests[name], limits[name]];
  const isAbove = (text: string): boolean => amount(text).compare(amount(value)) > 0;
  const says = `maximum ${name} usage per ${type} is ${value}`;
  if (limit === undefined) yield `${says}.  No limit is specified`;
  else if (isAbove(limit)) yield `${says}, but limit is ${limit}`;
  else if (request !== undefined && isAbove(request)) yield `${says}, but request is ${request}`;
}

function* aboveRatio({ requests = {}, limits = {} }: Asked, { type, name, value }: Range): Iterable<string> {
  const milli = (text: string | undefined): number => (text === undefined ? 0 : amount(text).milliValue);
  const [request, limit] = [milli(requests[name]), milli(limits[name])];
  const says = `${name} max limit to request ratio per ${type} is ${value}`;
  if (request === 0) yield `${says}, but no request is specified or request is 0`;
  else if (limit === 0) yield `${says}, but no limit is specified or limit is 0`;
  else if (limit / request > amount(value).milliValue / 1000)
    yield `${says}, but provided ratio is ${(limit / request).toFixed(6)}`;
}
