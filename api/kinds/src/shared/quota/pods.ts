/** Pods against quotas: what they ask for as long as they may run, and their number as long as they exist. */

import type { Quantity } from "@knarr/machinery/quantity.ts";
import { parseTime } from "@knarr/machinery/time.ts";
import type { Container, Pod, PodSpec } from "../../../generated/core-v1.ts";
import { pod } from "../../core/pod.ts";
import { amount } from "../amounts.ts";
import { podAffinityTerms } from "../pod/affinity.ts";
import { podAmounts } from "../pod/amounts.ts";
import { qosClassOf } from "../pod/qos.ts";
import {
  isExtendedResource,
  isHugePage,
  isNativeResource,
  isPodLevelResource,
} from "../pod/resource-names.ts";
import { countName, type Evaluator } from "./evaluator.ts";
import { DEVICE_CLASS } from "./device-classes.ts";
import { isSelected } from "./scopes.ts";
import { ONE, type Usage } from "./usage.ts";

const COUNT = countName("pods");
const COMPUTE = ["cpu", "memory", "ephemeral-storage"];
const NAMES: ReadonlySet<string> = new Set([
  COUNT,
  "pods",
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Limits that oblige every container to say what it asks for. No more of these: upstream calls it a mistake. */
const OBLIGING: ReadonlySet<string> = new Set(
  ["cpu", "memory"].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
);
const REQUESTS = "requests.";

export const pods: Evaluator<Pod> = {
  kind: "pods",
  reads: [pod],

  mayTrack(name) {
    return NAMES.has(name) || isHugePage(name) || isHugePage(bare(name)) || isRequestOfExtended(name);
  },

  usage(object, { now }) {
    const count = { [COUNT]: ONE };
    if (hasEnded(object, now)) return count;
    return { ...count, ...computed(podAmounts(object, "requests"), podAmounts(object, "limits")) };
  },

  isIn({ spec = { containers: [] } }, scope) {
    switch (scope.scopeName) {
      case "Terminating":
        return isTerminating(spec);
      case "NotTerminating":
        return !isTerminating(spec);
      case "BestEffort":
        return qosClassOf(spec) === "BestEffort";
      case "NotBestEffort":
        return qosClassOf(spec) !== "BestEffort";
      case "PriorityClass":
        return isSelected(scope, spec.priorityClassName ? [spec.priorityClassName] : []);
      case "CrossNamespacePodAffinity":
        return podAffinityTerms(spec).some((term) => !!term.namespaces?.length || !!term.namespaceSelector);
      default:
        return false;
    }
  },

  missing({ spec }, names) {
    const { resources = {}, containers = [], initContainers = [] } = spec ?? { containers: [] };
    const whole = Object.keys({ ...resources.requests, ...resources.limits });
    if (whole.some(isPodLevelResource)) return undefined;
    const required = names.filter((name) => OBLIGING.has(name)).sort();
    const silent = required.map(
      (name) => [name, silentOn(name, [...containers, ...initContainers])] as const,
    );
    const parts = silent
      .filter(([, who]) => who.length > 0)
      .map(([name, who]) => `${name} for: ${who.join(",")}`);
    return parts.length > 0 ? `must specify ${parts.join("; ")}` : undefined;
  },

  isCharged({ object, previous, subresource }) {
    if (subresource === "resize") return previous !== undefined;
    if (subresource !== "") return false;
    return !previous || isTerminating(previous.spec) !== isTerminating(object.spec);
  },
};

/** Those that are over, and those that should be, had their node not been lost: their owner must be able to replace them. */
function hasEnded({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return true;
  const { deletionTimestamp, deletionGracePeriodSeconds: grace } = metadata;
  return !!deletionTimestamp && grace !== undefined && now > parseTime(deletionTimestamp) + grace * 1000;
}

type Amounts = Readonly<Record<string, string>>;

function computed(requests: Amounts, limits: Amounts): Usage {
  const usage: Record<string, Quantity> = { pods: ONE };
  for (const name in requests) {
    const isBareToo = COMPUTE.includes(name) || isHugePage(name);
    if (isBareToo) usage[name] = amount(requests[name]!);
    if (isBareToo || isExtended(name)) usage[REQUESTS + name] = amount(requests[name]!);
  }
  for (const name of COMPUTE) if (limits[name] !== undefined) usage[`limits.${name}`] = amount(limits[name]);
  return usage;
}

function silentOn(name: string, containers: readonly Container[]): readonly string[] {
  const silent = containers.filter(({ resources = {} }) =>
    name.startsWith("limits.")
      ? resources.limits?.[name.slice("limits.".length)] === undefined
      : resources.requests?.[bare(name)] === undefined,
  );
  return [...new Set(silent.map((container) => container.name))].sort();
}

function bare(name: string): string {
  return name.startsWith(REQUESTS) ? name.slice(REQUESTS.length) : name;
}

function isExtended(name: string): boolean {
  return isExtendedResource(name) || name.startsWith(DEVICE_CLASS);
}

export function isRequestOfExtended(name: string): boolean {
  return name.startsWith(REQUESTS) && (!isNativeResource(name) || name.startsWith(REQUESTS + DEVICE_CLASS));
}

function isTerminating(spec: PodSpec | undefined): boolean {
  return (spec?.activeDeadlineSeconds ?? -1) >= 0;
}
