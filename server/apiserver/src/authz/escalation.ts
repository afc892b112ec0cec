/**
 * Nobody grants what they do not have: a role may only be written by who already has all its rules (or may `escalate`), a
 * binding only made by who has all rules of its role (or may `bind` it). Throws ApiError Forbidden.
 *
 * Call it for creates and updates of the four RBAC kinds, for users outside `system:masters`, with the object as it is going to be
 * stored; `isOnlyCleanup` updates (owner references, finalizers) are the caller's to leave out.
 */

import type {
  ClusterRole,
  PolicyRule,
  Role,
  RoleBinding,
  ClusterRoleBinding,
} from "@knarr/kinds/generated/rbac-v1.ts";
import { forbidden, notFound } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { MASTERS } from "../authn/authentication.ts";
import type { Attributes, Authorizer, User } from "../request.ts";
import { GROUP } from "./bootstrap/policy.ts";
import type { RbacAuthorizer } from "./rbac.ts";
import { compact, ruleText, uncovered } from "./rule-cover.ts";

export interface EscalationCheck {
  readonly user: User;
  /** `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings`. */
  readonly resource: string;
  readonly namespace: string;
  /** From the URL; empty on create. */
  readonly name: string;
  readonly object: Role | ClusterRole | RoleBinding | ClusterRoleBinding;
  readonly previous?: Role | ClusterRole | RoleBinding | ClusterRoleBinding | undefined;
}

export interface EscalationRules {
  readonly rbac: RbacAuthorizer;
  /** The whole chain, for `escalate` and `bind`. */
  readonly authorizer: Authorizer;
}

export async function checkEscalation(check: EscalationCheck, rules: EscalationRules): Promise<void> {
  if (check.user.groups.includes(MASTERS)) return;
  if (check.resource.endsWith("roles")) await checkRole(check, rules);
  else await checkBinding(check, rules);
}

const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

async function checkRole(check: EscalationCheck, { rbac, authorizer }: EscalationRules): Promise<void> {
  const { resource, namespace, name } = check;
  if (await isAllowed(authorizer, check, { verb: "escalate", resource, namespace, name })) return;
  const role = check.object as ClusterRole;
  confirm(check, rbac, role.rules ?? []);
  const isAggregated = [role, check.previous as ClusterRole | undefined].some(
    (one) => one?.aggregationRule?.clusterRoleSelectors?.length,
  );
  if (
    isAggregated &&
    uncovered(rbac.policyRulesFor(check.user, namespace).rules, FULL_AUTHORITY).length > 0
  ) {
    throw refused(check, "must have cluster-admin privileges to use the aggregationRule");
  }
}

async function checkBinding(check: EscalationCheck, { rbac, authorizer }: EscalationRules): Promise<void> {
  const { roleRef } = check.object as RoleBinding;
  const { namespace } = check;
  const resource = roleRef.kind === "ClusterRole" ? "clusterroles" : "roles";
  if (await isAllowed(authorizer, check, { verb: "bind", resource, namespace, name: roleRef.name })) return;
  const rules = rbac.rulesOf(roleRef, namespace);
  if (!rules) throw notFound({ group: GROUP, resource: check.resource }, roleRef.name);
  confirm(check, rbac, rules);
}

async function isAllowed(
  authorizer: Authorizer,
  { user }: EscalationCheck,
  about: Pick<Attributes, "verb" | "resource" | "namespace" | "name">,
): Promise<boolean> {
  const decision = await authorizer.authorize({
    user,
    isResource: true,
    group: GROUP,
    version: "*",
    subresource: "",
    path: "",
    ...about,
  });
  return decision.allowed;
}

function confirm(check: EscalationCheck, rbac: RbacAuthorizer, wanted: readonly PolicyRule[]): void {
  const { user, namespace } = check;
  const { rules, problems } = rbac.policyRulesFor(user, namespace);
  const lacking = uncovered(rules, wanted);
  if (lacking.length === 0) return;
  const lines = [...new Set(compact(lacking).map(ruleText))].sort();
  const groups = user.groups.map(quote).join(" ");
  const tail = problems.length > 0 ? `; resolution errors: [${problems.join(" ")}]` : "";
  throw refused(
    check,
    `user ${quote(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join("\n")}${tail}`,
  );
}

function refused({ resource, object }: EscalationCheck, why: string): Error {
  return forbidden({ group: GROUP, resource }, object.metadata?.name ?? "", why);
}
