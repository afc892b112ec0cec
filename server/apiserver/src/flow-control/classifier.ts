/**
 * Which flow a request belongs to: the first flow schema that fits it, in order of precedence, and what that schema tells flows apart by
 * (KEP-1040). Rules are those of upstream; made anew when a schema changes, so that a request costs a walk over a dozen of them.
 */

import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "@knarr/kinds/generated/flowcontrol-v1.ts";
import type { Attributes, User } from "../request.ts";

/** What is asked of a request to tell its flow. */
export type Classified = Pick<
  Attributes,
  "user" | "verb" | "isResource" | "group" | "resource" | "subresource" | "namespace" | "path"
>;

export interface Flow {
  readonly schema: FlowSchema;
  /** Name of its priority level. */
  readonly level: string;
  /** Tells the schema's flows apart; empty when all its requests are one. */
  readonly distinguisher: string;
}

export class Classifier {
  readonly #schemas: readonly FlowSchema[];

  constructor(schemas: readonly FlowSchema[]) {
    const precedence = ({ spec }: FlowSchema): number => spec?.matchingPrecedence ?? 0;
    const nameOf = ({ metadata }: FlowSchema): string => metadata?.name ?? "";
    this.#schemas = schemas.toSorted(
      (a, b) => precedence(a) - precedence(b) || (nameOf(a) < nameOf(b) ? -1 : 1),
    );
  }

  /** Undefined only while the mandatory schemas are not there: then nothing is held back. */
  flowOf(request: Classified): Flow | undefined {
    const schema = this.#schemaOf(request);
    if (!schema) return undefined;
    const { priorityLevelConfiguration, distinguisherMethod } = schema.spec!;
    return {
      schema,
      level: priorityLevelConfiguration.name,
      distinguisher: distinguisherOf(distinguisherMethod?.type, request),
    };
  }

  #schemaOf(request: Classified): FlowSchema | undefined {
    for (const schema of this.#schemas)
      for (const rule of schema.spec?.rules ?? []) if (fits(rule, request)) return schema;
    return undefined;
  }
}

function distinguisherOf(method: string | undefined, { user, namespace }: Classified): string {
  if (method === "ByUser") return user.name;
  return method === "ByNamespace" ? namespace : "";
}

function fits(rule: PolicyRulesWithSubjects, request: Classified): boolean {
  if (!isAmong(rule.subjects, request.user)) return false;
  if (!request.isResource) return (rule.nonResourceRules ?? []).some((one) => fitsPath(one, request));
  for (const one of rule.resourceRules ?? []) if (fitsResource(one, request)) return true;
  return false;
}

function isAmong(subjects: readonly Subject[], user: User): boolean {
  for (const subject of subjects) if (isOne(subject, user)) return true;
  return false;
}

function isOne({ kind, user, group, serviceAccount }: Subject, who: User): boolean {
  switch (kind) {
    case "User":
      return user?.name === "*" || user?.name === who.name;
    case "Group":
      return group?.name === "*" || (group !== undefined && who.groups.includes(group.name));
    case "ServiceAccount": {
      const prefix = `system:serviceaccount:${serviceAccount?.namespace}:`;
      return serviceAccount?.name === "*"
        ? who.name.startsWith(prefix)
        : who.name === prefix + serviceAccount?.name;
    }
    default:
      return false;
  }
}

function fitsResource(rule: ResourcePolicyRule, request: Classified): boolean {
  const { verb, group, resource, subresource, namespace } = request;
  const what = subresource ? `${resource}/${subresource}` : resource;
  if (!has(rule.verbs, verb) || !has(rule.resources, what) || !has(rule.apiGroups, group)) return false;
  return namespace ? has(rule.namespaces ?? [], namespace) : (rule.clusterScope ?? false);
}

function fitsPath({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb, path }: Classified): boolean {
  if (!has(verbs, verb)) return false;
  return nonResourceURLs.some((url) => {
    if (url === "*" || url === path) return true;
    const start = url.replace(/\*$/, "");
    return path.startsWith(start.endsWith("/") ? start : `${start}/`);
  });
}

/** A list is `*` alone, or names. */
function has(list: readonly string[], name: string): boolean {
  return (list.length === 1 && list[0] === "*") || list.includes(name);
}
