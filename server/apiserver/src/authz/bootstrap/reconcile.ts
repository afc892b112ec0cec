/**
 * Brings the default policy into a cluster at start: makes what is missing and repairs what lacks something. What
 * administrators added stays; an object annotated `autoupdate: "false"` is left alone. Roles are made before bindings.
 */

import type { ClusterRole, PolicyRule, RoleBinding, Subject } from "@knarr/kinds/generated/rbac-v1.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { roleBinding } from "@knarr/kinds/rbac/role-binding.ts";
import { role } from "@knarr/kinds/rbac/role.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { uncovered } from "../rule-cover.ts";
import { AUTOUPDATE, bootstrapPolicy, type BootstrapPolicy } from "./policy.ts";

/** How the policy is written: through the server's own registry, as a member of `system:masters`. */
export interface PolicyAccess {
  get<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined;
  create<T extends ApiObject>(resource: Resource<T>, object: T): Promise<unknown>;
  update<T extends ApiObject>(resource: Resource<T>, object: T): Promise<unknown>;
  delete<T extends ApiObject>(resource: Resource<T>, key: string): Promise<unknown>;
}

/** Names of what was made or repaired, as `ClusterRole/view`. */
export async function reconcileBootstrapPolicy(
  access: PolicyAccess,
  policy: BootstrapPolicy = bootstrapPolicy(),
): Promise<readonly string[]> {
  const work = [
    ...policy.clusterRoles.map((object) => () => reconcileRole(access, clusterRole, object)),
    ...policy.roles.map((object) => () => reconcileRole(access, role, object)),
    ...policy.clusterRoleBindings.map((object) => () => reconcileBinding(access, clusterRoleBinding, object)),
    ...policy.roleBindings.map((object) => () => reconcileBinding(access, roleBinding, object)),
  ];
  // Together, so that the store writes them in a few batches; roles first because a binding without its role is an error in logs.
  const isRole = policy.clusterRoles.length + policy.roles.length;
  const made = [
    ...(await Promise.all(work.slice(0, isRole).map((one) => one()))),
    ...(await Promise.all(work.slice(isRole).map((one) => one()))),
  ];
  return made.filter((name) => name !== undefined);
}

type RoleLike = Pick<ClusterRole, "rules" | "aggregationRule"> & ApiObject;
type BindingLike = Pick<RoleBinding, "roleRef" | "subjects"> & ApiObject;

async function reconcileRole(
  access: PolicyAccess,
  resource: Resource<any>,
  wanted: object,
): Promise<string | undefined> {
  const expected = wanted as RoleLike;
  const existing = access.get<RoleLike>(resource, keyOf(expected));
  if (!existing) return made(resource, expected, access.create(resource, expected));
  if (isProtected(existing)) return undefined;
  const repaired: RoleLike = { ...withMetadata(existing, expected) };
  const lacking: PolicyRule[] = expected.aggregationRule
    ? [] // its rules are the aggregation controller's
    : uncovered(existing.rules ?? [], expected.rules ?? []);
  if (lacking.length > 0) repaired.rules = [...(existing.rules ?? []), ...lacking];
  const selectors = existing.aggregationRule?.clusterRoleSelectors ?? [];
  const added = (expected.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((one) => equalJson(one, selector)),
  );
  if (added.length > 0) repaired.aggregationRule = { clusterRoleSelectors: [...selectors, ...added] };
  if (equalJson(repaired, existing)) return undefined;
  return made(resource, expected, access.update(resource, repaired));
}

async function reconcileBinding(
  access: PolicyAccess,
  resource: Resource<any>,
  wanted: object,
): Promise<string | undefined> {
  const expected = wanted as BindingLike;
  const key = keyOf(expected);
  const existing = access.get<BindingLike>(resource, key);
  if (!existing) return made(resource, expected, access.create(resource, expected));
  if (isProtected(existing)) return undefined;
  if (!equalJson(existing.roleRef, expected.roleRef)) {
    await access.delete(resource, key); // what a binding binds cannot be changed
    return made(resource, expected, access.create(resource, expected));
  }
  const subjects = existing.subjects ?? [];
  const lacking = (expected.subjects ?? []).filter((one) => !subjects.some((other) => isSame(one, other)));
  const repaired = withMetadata(existing, expected);
  if (lacking.length > 0) repaired.subjects = [...subjects, ...lacking];
  if (equalJson(repaired, existing)) return undefined;
  return made(resource, expected, access.update(resource, repaired));
}

function isSame(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
}

function isProtected({ metadata }: ApiObject): boolean {
  return metadata.annotations?.[AUTOUPDATE] === "false";
}

/** A copy with the labels and annotations that are missing; others, changed ones too, stay. */
function withMetadata<T extends ApiObject>(existing: T, { metadata }: ApiObject): T {
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...metadata.labels, ...existing.metadata.labels },
      annotations: { ...metadata.annotations, ...existing.metadata.annotations },
    },
  };
}

async function made(resource: Resource<any>, object: ApiObject, write: Promise<unknown>): Promise<string> {
  await write;
  return `${resource.kind}/${keyOf(object)}`;
}
