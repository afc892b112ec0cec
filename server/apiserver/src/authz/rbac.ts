/**
 * Role-based access control: what is bound to a user or to one of the groups is allowed, nothing else.
 *
 * The bindings of a subject come from indexes that the caches keep, so a request costs look-ups for its own user and
 * groups, however many bindings there are; the rules of a role are prepared once per state of the role.
 */

import { aggregate } from "@knarr/machinery/aggregate.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import type {
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  RoleRef,
  Subject,
} from "@knarr/kinds/generated/rbac-v1.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { roleBinding } from "@knarr/kinds/rbac/role-binding.ts";
import { role } from "@knarr/kinds/rbac/role.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ResourceCache } from "../cache/cache.ts";
import type { Attributes, Authorizer, Decision, Rules, User } from "../request.ts";
import { rulesAllow } from "./rules.ts";

/** The part of the caches that authorization reads. */
export interface AuthorizationCaches {
  of<T extends ApiObject>(resource: Resource<T>): Pick<ResourceCache<T>, "get" | "by">;
}

const SERVICE_ACCOUNT = "system:serviceaccount:";

const clusterBindingsBySubject = defineIndex<ClusterRoleBinding>({
  name: "cluster role bindings by subject",
  of: clusterRoleBinding,
  values: ({ subjects }) => (subjects ?? []).map((subject) => subjectKey(subject, "")),
});

const bindingsBySubject = defineIndex<RoleBinding>({
  name: "role bindings by namespace and subject",
  of: roleBinding,
  values: ({ metadata, subjects }) => {
    const namespace = metadata?.namespace ?? "";
    return (subjects ?? []).map((subject) => {
      const key = subjectKey(subject, namespace);
      return key && `${namespace}/${key}`;
    });
  },
});

/** `u:name` or `g:name`: a service account is a user, too. */
function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === "User") return `u:${name}`;
  if (kind === "Group") return `g:${name}`;
  const where = namespace || bindingNamespace;
  return kind === "ServiceAccount" && where ? `u:${SERVICE_ACCOUNT}${where}:${name}` : undefined;
}

type Binding = ClusterRoleBinding | RoleBinding;

/** A rule, or why a binding gives none. */
type Visitor = (binding: Binding, key: string, rules: readonly PolicyRule[]) => boolean;

export class RbacAuthorizer implements Authorizer {
  readonly name = "RBAC";
  readonly #caches: AuthorizationCaches;

  constructor(caches: AuthorizationCaches) {
    this.#caches = caches;
  }

  authorize(attributes: Attributes): Decision {
    let reason: string | undefined;
    const problems = this.#visit(attributes.user, attributes.namespace, (binding, key, rules) => {
      if (!rulesAllow(rules, attributes)) return true;
      reason = `RBAC: allowed by ${describe(binding, key)}`;
      return false;
    });
    if (reason !== undefined) return { allowed: true, reason };
    if (problems.length === 0) return NO_OPINION;
    return { allowed: false, reason: `RBAC: ${aggregate(problems)}` };
  }

  rulesFor(user: User, namespace: string): Rules {
    const { rules, problems } = this.policyRulesFor(user, namespace);
    return {
      resourceRules: rules.filter(({ resources }) => resources?.length),
      nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs?.length),
      incomplete: false,
      ...(problems.length > 0 && { evaluationError: aggregate(problems) }),
    };
  }

  /** All rules that apply to a user in a namespace, and which roles were not there. */
  policyRulesFor(
    user: User,
    namespace: string,
  ): { readonly rules: readonly PolicyRule[]; readonly problems: readonly string[] } {
    const found: PolicyRule[] = [];
    const problems = this.#visit(user, namespace, (_binding, _key, rules) => {
      found.push(...rules);
      return true;
    });
    return { rules: found, problems };
  }

  /** The rules of a role that a binding refers to; undefined when there is no such role. */
  rulesOf({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const found =
      kind === "ClusterRole"
        ? this.#caches.of(clusterRole).get(name)?.object
        : this.#caches.of(role).get(`${namespace}/${name}`)?.object;
    return found && (found.rules ?? NONE);
  }

  #visit(user: User, namespace: string, visit: Visitor): string[] {
    const problems: string[] = [];
    const seen = user.groups.length > 0 ? new Set<Binding>() : undefined;
    const visitAll = (bindings: readonly Binding[], key: string): boolean => {
      for (const binding of bindings) {
        if (seen?.has(binding)) continue;
        seen?.add(binding);
        const rules = this.rulesOf(binding.roleRef, namespace);
        if (!rules) problems.push(missing(binding.roleRef));
        else if (!visit(binding, key, rules)) return false;
      }
      return true;
    };
    const cluster = this.#caches.of(clusterRoleBinding);
    for (const key of keysOf(user)) {
      if (!visitAll(cluster.by(clusterBindingsBySubject, key), key)) return problems;
    }
    if (!namespace) return problems;
    const namespaced = this.#caches.of(roleBinding);
    for (const key of keysOf(user)) {
      if (!visitAll(namespaced.by(bindingsBySubject, `${namespace}/${key}`), key)) return problems;
    }
    return problems;
  }
}

const NONE: readonly PolicyRule[] = [];
const NO_OPINION: Decision = Object.freeze({ allowed: false, reason: "" });

const keys = new WeakMap<User, readonly string[]>();

function keysOf(user: User): readonly string[] {
  let known = keys.get(user);
  if (!known) keys.set(user, (known = [`u:${user.name}`, ...user.groups.map((group) => `g:${group}`)]));
  return known;
}

function missing({ kind, name }: RoleRef): string {
  return `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`;
}

/** `ClusterRoleBinding "a" of ClusterRole "b" to User "c"` */
function describe(binding: Binding, key: string): string {
  const { metadata, roleRef, subjects } = binding;
  const namespace = metadata?.namespace ?? "";
  const kind = namespace ? "RoleBinding" : "ClusterRoleBinding";
  const name = namespace ? `${metadata?.name}/${namespace}` : (metadata?.name ?? "");
  const subject = subjects!.find((one) => subjectKey(one, namespace) === key)!;
  const who =
    subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  const to = `${subject.kind} ${JSON.stringify(who)}`;
  return `${kind} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${to}`;
}
