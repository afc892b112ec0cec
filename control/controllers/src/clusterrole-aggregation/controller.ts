/** ClusterRole aggregation: a role with an aggregationRule has the rules of all roles it selects, such as `edit` those labelled for it. */

import { isDeepStrictEqual } from "node:util";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import type { ClusterRole, PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { defineController } from "@knarr/client/controller.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";

export const clusterRoleAggregationController = defineController<ClusterRole>({
  name: "clusterrole-aggregation",
  for: clusterRole,
  watches: [
    {
      resource: clusterRole,
      wakes: (_role, cache) =>
        cache
          .list(clusterRole)
          .filter(({ aggregationRule }) => aggregationRule)
          .map(keyOf),
    },
  ],
  writes: { "clusterroles.rbac.authorization.k8s.io": ["update"] },

  async reconcile(key, { cache, api }) {
    const role = cache.get(clusterRole, key);
    if (!role?.aggregationRule) return;
    const rules = aggregated(role, cache.list(clusterRole));
    if (!isDeepStrictEqual(rules, role.rules ?? [])) await api.update(clusterRole, { ...role, rules });
  },
});

/** The rules of all roles that `role` selects, by name of role, each rule once. */
export function aggregated(role: ClusterRole, roles: readonly ClusterRole[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  const byName = roles.toSorted((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
  for (const fields of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = selectorOf(fields);
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !selector.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) rules.set(JSON.stringify(rule), rule);
    }
  }
  return [...rules.values()];
}
