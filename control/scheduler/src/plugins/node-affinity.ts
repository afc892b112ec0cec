/** NodeAffinity: nodeSelector and required node affinity must match; preferred terms add up to a score. */

import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { definePlugin, never, scaleToHighest, skip, yes } from "../framework.ts";
import { compileTerm, type Term } from "../node-selector.ts";

interface Compiled {
  readonly required: Required;
  readonly preferred: readonly { readonly weight: number; readonly term: Term }[];
}

interface Required {
  readonly selector: readonly (readonly [label: string, value: string])[];
  /** Any of them; absent when none are required. */
  readonly terms: readonly Term[] | undefined;
}

const mismatch = never("node(s) didn't match Pod's node affinity/selector");

export const nodeAffinity = definePlugin<Compiled>({
  name: "NodeAffinity",
  weight: 2,
  wakesOn: [
    { resource: "nodes", change: "add", mayHelp: (pod, node) => matches(requiredOf(pod), node) },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (pod, node, previous) =>
        matches(requiredOf(pod), node) && !(previous && matches(requiredOf(pod), previous)),
    },
  ],

  preFilter(pod) {
    const required = requiredOf(pod);
    if (required.selector.length === 0 && !required.terms) return skip;
    const state = { required, preferred: [] };
    const nodes = onlyNodes(required);
    return nodes ? { state, nodes } : { state };
  },

  filter: (_pod, { node }, { required }) => (matches(required, node!) ? yes : mismatch),

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

function requiredOf({ spec }: Pod): Required {
  const terms =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return { selector: Object.entries(spec?.nodeSelector ?? {}), terms: terms?.map(compileTerm) };
}

function matches({ selector, terms }: Required, node: Node): boolean {
  const { labels = {} } = node.metadata;
  for (const [name, value] of selector) if (labels[name] !== value) return false;
  return terms?.some((term) => term.matches(node)) ?? true;
}

/** The nodes that the terms name, when every one of them does: pods of a DaemonSet name their node so. */
function onlyNodes({ terms }: Required): ReadonlySet<string> | undefined {
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    if (!term.names) return undefined;
    for (const name of term.names) names.add(name);
  }
  return names;
}
