/** Labels of nodes that have newer names. */

import { labelValue } from "@knarr/machinery/names.ts";

import type { LabelSelector } from "../../../generated/meta.ts";
import type { NodeAffinity, NodeSelectorTerm } from "../../../generated/core-v1.ts";

const replaced: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region":
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone":
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type":
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods":
    "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
};

export function nodeLabelWarning(key: string | undefined): string | undefined {
  return key !== undefined && Object.hasOwn(replaced, key) ? replaced[key] : undefined;
}

/** Of a label selector that selects nodes. */
export function selectorWarnings(selector: LabelSelector | undefined, path: string): readonly string[] {
  const warnings: string[] = [];
  (selector?.matchExpressions ?? []).forEach(({ key }, i) => {
    const text = nodeLabelWarning(key);
    if (text) warnings.push(`${path}.matchExpressions[${i}].key: ${key} is ${text}`);
  });
  for (const label of Object.keys(selector?.matchLabels ?? {})) {
    const text = nodeLabelWarning(label);
    if (text) warnings.push(`${path}.matchLabels.${label}: ${text}`);
  }
  return warnings;
}

type Warn = (text: string) => void;

export function nodeAffinityWarnings(affinity: NodeAffinity | undefined, path: string, warn: Warn): void {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const at = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  required.forEach((term, i) => termWarnings(term, `${at}[${i}]`, warn));
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  preferred.forEach(({ preference }, i) => {
    const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`;
    termWarnings(preference ?? {}, place, warn);
    valueWarnings(preference ?? {}, place, warn);
  });
}

export function termWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string, warn: Warn): void {
  matchExpressions.forEach(({ key }, i) => {
    const text = nodeLabelWarning(key);
    if (text) warn(`${path}.matchExpressions[${i}].key: ${key} is ${text}`);
  });
}

/** A preference with a value that no label can have is never met, which required terms are refused for. */
function valueWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string, warn: Warn): void {
  matchExpressions.forEach(({ values = [] }, i) =>
    values.forEach((value, j) =>
      labelValue(value).forEach((problem) =>
        warn(`${path}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${problem}`),
      ),
    ),
  );
}
