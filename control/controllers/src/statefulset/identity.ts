/** What makes a pod one of a StatefulSet: its number, and what follows from it. */

import { statefulSet as statefulSets } from "@knarr/kinds/apps/stateful-set.ts";
import type { ControllerRevision, StatefulSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod, Volume } from "@knarr/kinds/generated/core-v1.ts";
import { podOf } from "../pod-of.ts";
import { REVISION_LABEL, templateOf } from "../revisions.ts";
import { claimName } from "./claims.ts";

const NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL = "apps.kubernetes.io/pod-index";
const MAX_INT32 = 2 ** 31 - 1;

/** Undefined for a name without a number at its end, or not of this set. */
export function ordinalOf({ metadata }: Pod, set: StatefulSet): number | undefined {
  const [, parent, digits] = /^(.*)-([0-9]+)$/s.exec(metadata.name!) ?? [];
  if (parent !== set.metadata.name) return undefined;
  const ordinal = Number(digits);
  return ordinal <= MAX_INT32 ? ordinal : undefined;
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec!.ordinals?.start ?? 0;
}

export function replicasOf({ spec }: StatefulSet): number {
  return spec!.replicas ?? 1;
}

export function isWanted(ordinal: number, set: StatefulSet): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + replicasOf(set);
}

export function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

export function newPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const pod = podOf(statefulSets, set, templateOf(revision));
  const name = `${set.metadata.name}-${ordinal}`;
  const labels = { ...pod.metadata.labels, [REVISION_LABEL]: revision.metadata.name! };
  const { serviceName } = set.spec!;
  const identified = withIdentity(
    {
      ...pod,
      metadata: { ...pod.metadata, name, labels },
      spec: { ...pod.spec!, hostname: name, ...(serviceName && { subdomain: serviceName }) },
    },
    ordinal,
  );
  return withStorage(identified, set, ordinal);
}

export function withIdentity(pod: Pod, ordinal: number): Pod {
  const labels = {
    ...pod.metadata.labels,
    [NAME_LABEL]: pod.metadata.name!,
    [INDEX_LABEL]: String(ordinal),
  };
  return { ...pod, metadata: { ...pod.metadata, labels } };
}

export function hasIdentity({ metadata }: Pod): boolean {
  return metadata.labels?.[NAME_LABEL] === metadata.name;
}

/** A volume of the pod's own by the name of a claim gives way to the claim. */
export function withStorage(pod: Pod, set: StatefulSet, ordinal: number): Pod {
  const claims = set.spec!.volumeClaimTemplates ?? [];
  if (claims.length === 0) return pod;
  const names = new Set(claims.map(({ metadata }) => metadata.name));
  const volumes: Volume[] = claims.map((template) => ({
    name: template.metadata.name!,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const others = (pod.spec!.volumes ?? []).filter(({ name }) => !names.has(name));
  return { ...pod, spec: { ...pod.spec!, volumes: [...volumes, ...others] } };
}

export function hasStorage({ spec }: Pod, set: StatefulSet, ordinal: number): boolean {
  return (set.spec!.volumeClaimTemplates ?? []).every((template) => {
    const volume = spec!.volumes?.find(({ name }) => name === template.metadata.name);
    return volume?.persistentVolumeClaim?.claimName === claimName(set, template, ordinal);
  });
}
