/** NodeAffinity: nodeSelector and required node affinity must match; preferred terms add up to a score. */

import {
  compileTerm,
  isRequiredNode,
  requiredNode,
  type RequiredNode,
  type Term,
} from "@knarr/kinds/shared/placement/node-selector.ts";
import { definePlugin, never, scaleToHighest, skip, yes } from "../framework.ts";

interface Compiled {
  readonly required: RequiredNode;
  readonly preferred: readonly { readonly weight: number; readonly term: Term }[];
}

const mismatch = never("node(s) didn't match Pod's node affinity/selector");

export const nodeAffinity = definePlugin<Compiled>({
  name: "NodeAffinity",
  weight: 2,
  wakesOn: [
    {
      resource: "nodes",
      change: "add",
      mayHelp: (pod, node) => isRequiredNode(requiredNode(pod.spec!), node),
    },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (pod, node, previous) =>
        isRequiredNode(requiredNode(pod.spec!), node) &&
        !(previous && isRequiredNode(requiredNode(pod.spec!), previous)),
    },
  ],

  preFilter(pod) {
    const required = requiredNode(pod.spec!);
    if (required.selector.length === 0 && !required.terms) return skip;
    const state = { required, preferred: [] };
    const nodes = onlyNodes(required);
    return nodes ? { state, nodes } : { state };
  },

  filter: (_pod, { node }, { required }) => (isRequiredNode(required, node!) ? yes : mismatch),

  preScore({ spec }) {
    const terms = spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (terms.length === 0) return skip;
    const preferred = terms.map(({ weight, preference }) => ({ weight, term: compileTerm(preference) }));
    return { required: { selector: [], terms: undefined }, preferred };
  },

  score: (_pod, { node }, { preferred }) =>
    preferred.reduce((sum, { weight, term }) => sum + (term.matches(node!) ? weight : 0), 0),

  normalize: scaleToHighest,
});

/** The nodes that the terms name, when every one of them does: pods of a DaemonSet name their node so. */
function onlyNodes({ terms }: RequiredNode): ReadonlySet<string> | undefined {
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    if (!term.names) return undefined;
    for (const name of term.names) names.add(name);
  }
  return names;
}
