/** Rules that roles share, and that bindings share. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { type NameRule, nameIsDnsSubdomain, nameIsPathSegment } from "@knarr/machinery/names.ts";
import type { PolicyRule, RoleRef, Subject } from "../../generated/rbac-v1.ts";
import type { Column } from "../resource.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import { reject } from "./values.ts";

const RBAC_GROUP = "rbac.authorization.k8s.io";
const SUBJECT_KINDS = ["ServiceAccount", "User", "Group"];

/** Roles and bindings may have any name that fits in a path; also what a prefix is generated from. */
export const rbacName: NameRule = (name) => nameIsPathSegment(name, { generateName: false });

export function validatePolicyRules(
  rules: readonly PolicyRule[] | null | undefined,
  errors: FieldErrors,
  { namespaced }: Scope,
): void {
  for (const [index, rule] of (rules ?? []).entries())
    validatePolicyRule(rule, errors.at(index), { namespaced });
}

interface Scope {
  readonly namespaced: boolean;
}

function validatePolicyRule(rule: PolicyRule, errors: FieldErrors, { namespaced }: Scope): void {
  const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  if (!verbs?.length) errors.at("verbs").required("verbs must contain at least one value");
  if (nonResourceURLs.length > 0) {
    const at = errors.at("nonResourceURLs");
    if (namespaced) at.invalid(nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      at.invalid(nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
    return;
  }
  if (apiGroups.length === 0)
    errors.at("apiGroups").required("resource rules must supply at least one api group");
  if (resources.length === 0)
    errors.at("resources").required("resource rules must supply at least one resource");
}

export interface Binding {
  readonly roleRef: RoleRef;
  subjects?: Subject[];
}

export function defaultBinding({ roleRef, subjects }: Binding): void {
  roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of subjects ?? [])
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group"))
      subject.apiGroup = RBAC_GROUP;
}

export function validateBinding(
  { roleRef, subjects }: Binding,
  errors: FieldErrors,
  { namespaced }: Scope,
): void {
  const { apiGroup = "", kind = "", name = "" } = roleRef;
  const at = errors.at("roleRef");
  if (apiGroup !== RBAC_GROUP) at.at("apiGroup").notSupported(apiGroup, [RBAC_GROUP]);
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(kind)) at.at("kind").notSupported(kind, kinds);
  if (name) reject(at.at("name"), name, rbacName(name, { generateName: false }));
  else at.at("name").required();
  for (const [index, subject] of (subjects ?? []).entries())
    validateSubject(subject, errors.at("subjects").at(index), { namespaced });
}

function validateSubject(subject: Subject, errors: FieldErrors, { namespaced }: Scope): void {
  const { kind = "", name = "", apiGroup = "", namespace } = subject;
  if (!name) errors.at("name").required();
  switch (kind) {
    case "ServiceAccount":
      if (name) reject(errors.at("name"), name, nameIsDnsSubdomain(name, { generateName: false }));
      if (apiGroup) errors.at("apiGroup").notSupported(apiGroup, [""]);
      if (!namespaced && !namespace) errors.at("namespace").required();
      break;
    case "User":
    case "Group":
      if (apiGroup !== RBAC_GROUP) errors.at("apiGroup").notSupported(apiGroup, [RBAC_GROUP]);
      break;
    default:
      errors.at("kind").notSupported(kind, SUBJECT_KINDS);
  }
}

/** What a binding binds to is its identity: another role is another binding. */
export function validateSameRole(now: RoleRef, before: RoleRef, errors: FieldErrors): void {
  const same = now.apiGroup === before.apiGroup && now.kind === before.kind && now.name === before.name;
  const { apiGroup: APIGroup = "", kind: Kind = "", name: Name = "" } = now;
  if (!same) errors.at("roleRef").invalid({ APIGroup, Kind, Name }, "cannot change roleRef");
}

export const bindingColumns: readonly Column<Binding & { metadata: { name?: string } }>[] = [
  nameColumn,
  { name: "Role", value: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  { name: "Users", priority: 1, value: (binding) => subjectsOf(binding, "User") },
  { name: "Groups", priority: 1, value: (binding) => subjectsOf(binding, "Group") },
  { name: "ServiceAccounts", priority: 1, value: (binding) => subjectsOf(binding, "ServiceAccount") },
];

function subjectsOf({ subjects }: Binding, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
    .join(", ");
}
