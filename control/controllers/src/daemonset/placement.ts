/** On which nodes a DaemonSet has its pods, and the pod for one of them. */

import { daemonSet as daemonSets } from "@knarr/kinds/apps/daemon-set.ts";
import type { DaemonSet, DaemonSetSpec } from "@knarr/kinds/generated/apps-v1.ts";
import type { Affinity, Node, Pod, PodSpec, Toleration } from "@knarr/kinds/generated/core-v1.ts";
import {
  isRequiredNode,
  requiredNode,
  type RequiredNode,
} from "@knarr/kinds/shared/placement/node-selector.ts";
import { keepsAway } from "@knarr/kinds/shared/placement/tolerations.ts";
import { podOf } from "../pod-of.ts";
import { REVISION_LABEL } from "../revisions.ts";

export interface Standing {
  /** The node should have a pod. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay, though none would be made. */
  readonly mayStay: boolean;
}

/** A node that should have a pod, or has some. */
export interface Place extends Standing {
  readonly name: string;
  /** Absent when it is gone, but for pods. */
  readonly node?: Node;
  /** On it, or meant for it. */
  readonly pods: readonly Pod[];
}

interface Requirements {
  readonly nodeName: string | undefined;
  readonly node: RequiredNode;
  readonly tolerations: readonly Toleration[];
}

const known = new WeakMap<DaemonSetSpec, Requirements>();

export function standingOf({ spec }: DaemonSet, node: Node): Standing {
  const wanted = requirementsOf(spec!);
  const isOther = wanted.nodeName && wanted.nodeName !== node.metadata.name;
  if (isOther || !isRequiredNode(wanted.node, node)) return { shouldRun: false, mayStay: false };
  const keptAway = (node.spec?.taints ?? []).filter((taint) => keepsAway(taint, wanted.tolerations));
  return {
    shouldRun: keptAway.length === 0,
    mayStay: keptAway.every(({ effect }) => effect !== "NoExecute"),
  };
}

function requirementsOf(spec: DaemonSetSpec): Requirements {
  let wanted = known.get(spec);
  if (!wanted) {
    const pod = spec.template.spec!;
    wanted = { nodeName: pod.nodeName, node: requiredNode(pod), tolerations: tolerationsOf(pod) };
    known.set(spec, wanted);
  }
  return wanted;
}

const NODE = "node.kubernetes.io";
const toleration = (key: string, effect: string) => ({ key: `${NODE}/${key}`, operator: "Exists", effect });

/** What ails a node, or keeps others off it, is no reason to be without its daemons. */
const always: readonly Toleration[] = [
  toleration("not-ready", "NoExecute"),
  toleration("unreachable", "NoExecute"),
  toleration("disk-pressure", "NoSchedule"),
  toleration("memory-pressure", "NoSchedule"),
  toleration("pid-pressure", "NoSchedule"),
  toleration("unschedulable", "NoSchedule"),
];

function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const added = hostNetwork ? [...always, toleration("network-unavailable", "NoSchedule")] : always;
  const isAdded = (one: Toleration) => added.some((other) => isSame(one, other));
  return [...tolerations.filter((one) => !isAdded(one)), ...added];
}

/** But for how long. */
function isSame(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.effect === b.effect && a.operator === b.operator && !a.value;
}

const GENERATION_ANNOTATION = "deprecated.daemonset.template.generation";
const GENERATION_LABEL = "pod-template-generation";
const HOSTNAME_FIELD = "metadata.name";

/** The scheduler puts it on its node: no other satisfies its affinity. */
export function newPod(set: DaemonSet, nodeName: string, hash: string): Pod {
  const pod = podOf(daemonSets, set, set.spec!.template);
  const generation = generationOf(set);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        ...(generation !== undefined && { [GENERATION_LABEL]: generation }),
        [REVISION_LABEL]: hash,
      },
    },
    spec: {
      ...pod.spec!,
      tolerations: [...tolerationsOf(pod.spec!)],
      affinity: onNode(pod.spec!.affinity, nodeName),
    },
  };
}

function onNode(affinity: Affinity | undefined, nodeName: string): Affinity {
  const isIt = { key: HOSTNAME_FIELD, operator: "In", values: [nodeName] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [isIt] }],
      },
    },
  };
}

/** The node that a pod is on, or was made for. */
export function targetOf({ spec }: Pod): string | undefined {
  if (spec!.nodeName) return spec!.nodeName;
  const required = spec!.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const isName = required?.nodeSelectorTerms
    .flatMap(({ matchFields = [] }) => matchFields)
    .find(({ key, operator }) => key === HOSTNAME_FIELD && operator === "In");
  return isName?.values?.length === 1 ? isName.values[0] : undefined;
}

/** Made from the template as it is. Pods of DaemonSets older than revisions know only how often the template had changed. */
export function isUpToDate({ metadata }: Pod, set: DaemonSet, hash: string): boolean {
  const generation = generationOf(set);
  const isOfGeneration = generation !== undefined && metadata.labels?.[GENERATION_LABEL] === generation;
  return isOfGeneration || metadata.labels?.[REVISION_LABEL] === hash;
}

function generationOf({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[GENERATION_ANNOTATION];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? String(BigInt(text)) : undefined;
}
