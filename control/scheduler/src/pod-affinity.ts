/** What a pod says of other pods near it: terms of affinity and anti-affinity, compiled once per pod object (`podInfoOf`). */

import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from "@knarr/kinds/generated/core-v1.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import type { Labels, LabelSelector } from "@knarr/machinery/labels.ts";

export interface AffinityTerm {
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelSelector;
}

export interface WeightedTerm extends AffinityTerm {
  /** Below 0 where the pod would rather not be near. */
  readonly weight: number;
}

export interface PodAffinity {
  readonly required: readonly AffinityTerm[];
  readonly requiredAnti: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
}

/** Undefined for the many pods that say nothing of others. */
export function podAffinityOf({ metadata, spec }: Pod): PodAffinity | undefined {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  if (!podAffinity && !podAntiAffinity) return undefined;
  const own = metadata.namespace ?? "";
  const compiled = (terms: readonly PodAffinityTerm[] = []) => terms.map((term) => compile(term, own));
  const weighted = (terms: readonly WeightedPodAffinityTerm[] = [], sign: 1 | -1) =>
    terms.map(({ weight, podAffinityTerm }) => ({ ...compile(podAffinityTerm, own), weight: sign * weight }));
  return {
    required: compiled(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAnti: compiled(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [
      ...weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
      ...weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
    ],
  };
}

/** Whether it is about `pod`; `labelsOf` gives a namespace's labels. */
export function isAbout(
  { namespaces, namespaceSelector, selector }: AffinityTerm,
  { metadata }: Pod,
  labelsOf: (namespace: string) => Labels | undefined,
): boolean {
  const { namespace = "", labels } = metadata;
  if (!selector.matches(labels)) return false;
  if (namespaces.has(namespace) || namespaceSelector.isEmpty) return true;
  return !namespaceSelector.isNothing && namespaceSelector.matches(labelsOf(namespace));
}

/** Without any word of namespaces it is about the pod's own. The API server has put `matchLabelKeys` into the selector. */
function compile(
  { topologyKey, labelSelector, namespaces = [], namespaceSelector }: PodAffinityTerm,
  own: string,
): AffinityTerm {
  const isSilent = namespaces.length === 0 && !namespaceSelector;
  return {
    topologyKey,
    selector: selectorOf(labelSelector),
    namespaces: new Set(isSilent ? [own] : namespaces),
    namespaceSelector: selectorOf(namespaceSelector),
  };
}
