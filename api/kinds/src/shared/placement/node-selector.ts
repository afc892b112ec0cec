/** Node selectors of pods, compiled to be asked of many nodes. */

import { LabelSelector, type LabelOperator } from "@knarr/machinery/labels.ts";

import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from "../../../generated/core-v1.ts";

/** What a pod requires of its node, by `nodeSelector` and affinity. */
export interface RequiredNode {
  readonly selector: readonly (readonly [label: string, value: string])[];
  /** Any of them; absent when none are required. */
  readonly terms: readonly Term[] | undefined;
}

export function requiredNode({ nodeSelector, affinity }: PodSpec): RequiredNode {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return { selector: Object.entries(nodeSelector ?? {}), terms: terms?.map(compileTerm) };
}

export function isRequiredNode({ selector, terms }: RequiredNode, node: Node): boolean {
  const { labels = {} } = node.metadata;
  for (const [name, value] of selector) if (labels[name] !== value) return false;
  return terms?.some((term) => term.matches(node)) ?? true;
}

export interface Term {
  readonly labels: LabelSelector;
  /** Names of the only nodes it matches, when it says so by `metadata.name`. */
  readonly names: ReadonlySet<string> | undefined;
  matches(node: Node): boolean;
}

const operators = new Map<string, LabelOperator>([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
  ["Gt", "gt"],
  ["Lt", "lt"],
]);

/** A term that says nothing matches no node. */
export function compileTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): Term {
  const labels = selectorOf(matchExpressions);
  const fields = selectorOf(matchFields);
  const isEmpty = matchExpressions.length === 0 && matchFields.length === 0;
  return {
    labels,
    names: namesIn(matchFields),
    matches: ({ metadata }) =>
      !isEmpty && labels.matches(metadata.labels) && fields.matches({ "metadata.name": metadata.name! }),
  };
}

function selectorOf(requirements: readonly NodeSelectorRequirement[]): LabelSelector {
  return new LabelSelector(
    requirements.map(({ key, operator, values = [] }) => ({
      key,
      operator: operators.get(operator) ?? "in", // an unknown operator has passed no validation; no value matches it
      values: operators.has(operator) ? values : [],
    })),
  );
}

function namesIn(fields: readonly NodeSelectorRequirement[]): ReadonlySet<string> | undefined {
  let names: ReadonlySet<string> | undefined;
  for (const { key, operator, values = [] } of fields) {
    if (key !== "metadata.name" || operator !== "In") continue;
    const named = new Set(values);
    names = names ? names.intersection(named) : named;
  }
  return names;
}
