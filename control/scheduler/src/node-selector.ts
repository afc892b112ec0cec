/** Node selectors of pods, compiled once per attempt. */

import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from "@knarr/kinds/generated/core-v1.ts";
import { LabelSelector, type LabelOperator } from "@knarr/machinery/labels.ts";

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
