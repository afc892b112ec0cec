/**
 * Whether this node takes a pod that was bound to it: the last word after the scheduler's, for what it could not know. A refusal is the pod's
 * end (phase Failed), with upstream's reasons and words. Pure, but for what the kernel can.
 */

import { existsSync } from "node:fs";
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { clash, hostPortsOf } from "@knarr/kinds/shared/placement/host-ports.ts";
import { containersOf } from "./containers.ts";
import { milli, podRequest, whole } from "./resources.ts";
import type { Verdict } from "./status.ts";

/** What the kernel of this node was built and started with does not change while it runs. */
export const hasAppArmor = existsSync("/sys/kernel/security/apparmor/profiles");

export interface NodeAbilities {
  readonly appArmor: boolean;
}

/** `others` are the pods that count already. Undefined: welcome. */
export function refusalOf(
  pod: Pod,
  node: Node,
  others: readonly Pod[],
  abilities: NodeAbilities,
): Verdict | undefined {
  const refusal =
    unsupported(pod, abilities) ??
    forbiddenSysctl(pod) ??
    tooMuch(pod, node, others) ??
    misplaced(pod, node) ??
    portTaken(pod, others);
  return refusal && { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
}

function unsupported({ spec }: Pod, { appArmor }: NodeAbilities): Verdict | undefined {
  if (spec?.os && spec.os.name !== "linux")
    return {
      reason: "PodOSNotSupported",
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  if (spec?.securityContext?.supplementalGroupsPolicy === "Strict")
    return {
      reason: "SupplementalGroupsPolicyNotSupported",
      message: "SupplementalGroupsPolicy=Strict is not supported in this node",
    };
  if (spec?.hostUsers === false)
    return { reason: "UserNamespacesNotSupported", message: "hostUsers=false is not supported in this node" };
  const profiles = [
    spec?.securityContext?.appArmorProfile,
    ...containersOf({ spec } as Pod).map(({ container }) => container.securityContext?.appArmorProfile),
  ];
  if (!appArmor && profiles.some((profile) => profile && profile.type !== "Unconfined"))
    return { reason: "AppArmor", message: "Cannot enforce AppArmor: AppArmor is not enabled on the host" };
  return undefined;
}

/** Those that touch nothing outside the pod. */
const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

function forbiddenSysctl({ spec }: Pod): Verdict | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll("/", ".");
    const reason = "SysctlForbidden";
    if (!safeSysctls.has(dotted)) return { reason, message: `forbidden sysctl: "${dotted}" not allowlisted` };
    if (dotted.startsWith("net.") && spec?.hostNetwork)
      return { reason, message: `forbidden sysctl: "${dotted}" not allowed with host net enabled` };
    if (dotted.startsWith("kernel.shm") && spec?.hostIPC)
      return { reason, message: `forbidden sysctl: "${dotted}" not allowed with host ipc enabled` };
  }
  return undefined;
}

function misplaced(pod: Pod, node: Node): Verdict | undefined {
  const labels = node.metadata?.labels ?? {};
  const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
  const terms =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const fits =
    wanted.every(([key, value]) => labels[key] === value) &&
    (!terms || terms.some((term) => matchesTerm(term, labels, node.metadata?.name ?? "")));
  return fits ? undefined : failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
}

function portTaken(pod: Pod, others: readonly Pod[]): Verdict | undefined {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return undefined;
  const isTaken = others.flatMap(hostPortsOf).some((taken) => wanted.some((port) => clash(port, taken)));
  return isTaken
    ? failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    : undefined;
}

function failed(predicate: string, why: string): Verdict {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${why}` };
}

function matchesTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  labels: Readonly<Record<string, string>>,
  name: string,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => matches(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => matches(requirement, name))
  );
}

function matches({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(values[0]);
    case "Lt":
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function tooMuch(pod: Pod, node: Node, others: readonly Pod[]): Verdict | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const shortage = (name: string, requested: number, used: number, capacity: number): Verdict | undefined =>
    requested === 0 || requested <= capacity - used
      ? undefined
      : {
          reason: `OutOf${name}`,
          message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
        };
  const pods = shortage(
    "pods",
    1,
    others.length,
    allocatable["pods"] === undefined ? Infinity : whole(allocatable["pods"]),
  );
  if (pods) return pods;
  for (const name of requestedResources(pod)) {
    const used = others.reduce((sum, other) => sum + podRequest(other, name), 0);
    const capacity = name === "cpu" ? milli(allocatable[name]) : whole(allocatable[name]);
    const short = shortage(name, podRequest(pod, name), used, capacity);
    if (short) return short;
  }
  return undefined;
}

function requestedResources(pod: Pod): ReadonlySet<string> {
  const names = containersOf(pod).flatMap(({ container: { resources } }) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }),
  );
  return new Set(names);
}
