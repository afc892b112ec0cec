/** What the server makes of a pod that is created: its first status, its merged selectors, AppArmor fields from annotations. */

import type { AppArmorProfile, Pod, PodCondition, PodSpec } from "../../../generated/core-v1.ts";
import type { LabelSelector } from "../../../generated/meta.ts";
import { equivalent } from "../equality.ts";
import { APP_ARMOR } from "./annotations.ts";
import { allContainers } from "./context.ts";
import { dropDisabledFields } from "./dropped.ts";
import { qosClassOf } from "./qos.ts";

/** The server has set the time of creation: kinds have no clock of their own. */
export function preparePod(pod: Pod): void {
  const spec = pod.spec!;
  pod.status = { phase: "Pending", qosClass: qosClassOf(spec) };
  dropDisabledFields(spec);
  if (spec.schedulingGates?.length) pod.status.conditions = [gatedCondition(pod.metadata.creationTimestamp)];
  mergeLabelKeys(spec, pod.metadata.labels ?? {});
  if (spec.os?.name !== "windows") appArmorFromAnnotations(pod);
}

function gatedCondition(time: string | undefined): PodCondition {
  return {
    type: "PodScheduled",
    status: "False",
    ...(time && { lastTransitionTime: time }),
    lastProbeTime: null!, // always written, and never set any more
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
  };
}

type Labels = Readonly<Record<string, string>>;

/** `matchLabelKeys: [k]` becomes `k in (<the pod's value>)` in the selector, so that later changes of labels change nothing. */
function mergeLabelKeys({ affinity, topologySpreadConstraints = [] }: PodSpec, labels: Labels): void {
  for (const side of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    const preferred = side?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const required = side?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of [...preferred.map(({ podAffinityTerm }) => podAffinityTerm), ...required]) {
      addKeys(term?.labelSelector, term?.matchLabelKeys, { operator: "In", labels });
      addKeys(term?.labelSelector, term?.mismatchLabelKeys, { operator: "NotIn", labels });
    }
  }
  for (const { labelSelector, matchLabelKeys } of topologySpreadConstraints)
    addKeys(labelSelector, matchLabelKeys, { operator: "In", labels });
}

function addKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] = [],
  { operator, labels }: { readonly operator: string; readonly labels: Labels },
): void {
  if (!selector) return;
  for (const key of keys) {
    const value = labels[key];
    if (value !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
  }
}

function appArmorFromAnnotations({ metadata, spec }: Pod): void {
  if (!metadata.annotations) return;
  for (const container of allContainers(spec!)) {
    const annotation = metadata.annotations[APP_ARMOR + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = appArmorProfileOf(annotation);
    if (profile && !equivalent(profile, spec!.securityContext?.appArmorProfile))
      (container.securityContext ??= {}).appArmorProfile = profile;
  }
}

export function appArmorProfileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const localhostProfile = annotation.startsWith("localhost/") ? annotation.slice("localhost/".length) : "";
  return localhostProfile ? { type: "Localhost", localhostProfile } : undefined;
}
