/**
 * The notation of the default policy: one rule a line, `verbs groups resources [names]` or `verbs paths`, each a list with
 * commas; the core group is written `core`.
 *
 *     "get,list core pods,pods/log"           resources
 *     "update core configmaps cluster-info"   one object
 *     "get /healthz,/version"                 paths
 */

import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";

/** Role → rules. */
export type RuleTable = Readonly<Record<string, readonly string[]>>;

export interface NamespacedPolicy {
  readonly namespace: string;
  readonly name: string;
  /** Name of its binding, if not the role's. */
  readonly binding?: string;
  readonly rules: readonly string[];
  /** `User <name>`, `Group <name>` or `ServiceAccount <namespace>/<name>`. */
  readonly subjects: readonly string[];
}

export function ruleOf(line: string): PolicyRule {
  const [verbs = "", ...rest] = line.split(" ");
  const list = (text: string): string[] => text.split(",");
  if (rest.length === 1) return { verbs: list(verbs), nonResourceURLs: list(rest[0]!) };
  const [groups = "", resources = "", names] = rest;
  return {
    verbs: list(verbs),
    apiGroups: list(groups).map((group) => (group === "core" ? "" : group)),
    resources: list(resources),
    ...(names && { resourceNames: list(names) }),
  };
}
