/** Building blocks of flow schemas: subjects by kind, and rules that match every request. */

import type { PolicyRulesWithSubjects, Subject } from "../../../generated/flowcontrol-v1.ts";

export function groups(...names: readonly string[]): Subject[] {
  return names.map((name) => ({ kind: "Group", group: { name } }));
}

export function users(...names: readonly string[]): Subject[] {
  return names.map((name) => ({ kind: "User", user: { name } }));
}

export const everything: Omit<PolicyRulesWithSubjects, "subjects"> = {
  resourceRules: [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] },
  ],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
};
