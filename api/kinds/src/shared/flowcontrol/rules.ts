/** Rules of a flow schema: whose requests, and which. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import type {
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from "../../../generated/flowcontrol-v1.ts";
import { reject } from "../values.ts";

const ALL = "*";
const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

export function validateRule(rule: PolicyRulesWithSubjects, errors: FieldErrors): void {
  const { resourceRules = [], nonResourceRules = [] } = rule;
  const subjects = rule.subjects ?? []; // decoding leaves null where a list that is always written is missing
  for (const [index, subject] of subjects.entries())
    validateSubject(subject, errors.at("subjects").at(index));
  if (subjects.length === 0) errors.at("subjects").required("subjects must contain at least one value");
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.required("at least one of resourceRules and nonResourceRules has to be non-empty");
  for (const [index, one] of resourceRules.entries())
    validateResourceRule(one, errors.at("resourceRules").at(index));
  for (const [index, one] of nonResourceRules.entries())
    validateNonResourceRule(one, errors.at("nonResourceRules").at(index));
}

/** Field of a subject by its kind; the order is that in which upstream forbids the others. */
const fieldOfKind = { ServiceAccount: "serviceAccount", User: "user", Group: "group" } as const;

function validateSubject(subject: Subject, errors: FieldErrors): void {
  const { kind } = subject;
  if (!Object.hasOwn(fieldOfKind, kind)) {
    errors.at("kind").notSupported(kind, ["Group", "ServiceAccount", "User"]);
    return;
  }
  const own = fieldOfKind[kind as keyof typeof fieldOfKind];
  const at = errors.at(own);
  if (!subject[own]) at.required(`${own} is required when subject kind is '${kind}'`);
  else if (own === "serviceAccount") validateServiceAccount(subject[own] as ServiceAccountSubject, at);
  else if (!subject[own].name) at.at("name").required();
  for (const [other, field] of Object.entries(fieldOfKind))
    if (field !== own && subject[field])
      errors.at(field).forbidden(`${field} is forbidden when subject kind is not '${other}'`);
}

function validateServiceAccount({ name, namespace }: ServiceAccountSubject, errors: FieldErrors): void {
  if (!name) errors.at("name").required();
  else if (name !== ALL) reject(errors.at("name"), name, dns1123Subdomain(name));
  if (namespace) reject(errors.at("namespace"), namespace, dns1123Label(namespace));
  else errors.at("namespace").required("must specify namespace for service account");
}

function validateResourceRule(rule: ResourcePolicyRule, errors: FieldErrors): void {
  const apiGroups = rule.apiGroups ?? [];
  const resources = rule.resources ?? [];
  const namespaces = rule.namespaces ?? [];
  validateVerbs(rule.verbs ?? [], errors.at("verbs"));
  if (apiGroups.length === 0)
    errors.at("apiGroups").required("resource rules must supply at least one api group");
  else checkAlone(apiGroups, "api groups", errors.at("apiGroups"));
  if (resources.length === 0)
    errors.at("resources").required("resource rules must supply at least one resource");
  else checkAlone(resources, "resources", errors.at("resources"));
  const at = errors.at("namespaces");
  if (namespaces.length === 0 && !rule.clusterScope)
    at.required("resource rules that are not cluster scoped must supply at least one namespace");
  else if (namespaces.includes(ALL)) checkAlone(namespaces, "namespaces", at);
  else
    for (const [index, namespace] of namespaces.entries())
      reject(
        at.at(index),
        namespace,
        dns1123Label(namespace).map(
          (why) => `each member of this list must be '*' or a DNS-1123 label; ${why}`,
        ),
      );
}

function validateNonResourceRule(rule: NonResourcePolicyRule, errors: FieldErrors): void {
  const nonResourceURLs = rule.nonResourceURLs ?? [];
  validateVerbs(rule.verbs ?? [], errors.at("verbs"));
  const at = errors.at("nonResourceURLs");
  if (nonResourceURLs.length === 0) at.required("nonResourceURLs must contain at least one value");
  else if (nonResourceURLs.includes(ALL)) checkAlone(nonResourceURLs, "non-resource URLs", at);
  else
    for (const [index, path] of nonResourceURLs.entries()) {
      const problem = pathProblem(path);
      if (problem) at.at(index).invalid(path, problem);
    }
}

function validateVerbs(verbs: readonly string[], errors: FieldErrors): void {
  if (verbs.length === 0) errors.required("verbs must contain at least one value");
  else if (verbs.includes(ALL)) checkAlone(verbs, "verbs", errors);
  else if (!verbs.every((verb) => VERBS.includes(verb))) errors.notSupported(verbs, VERBS);
}

function checkAlone(items: readonly string[], what: string, errors: FieldErrors): void {
  if (items.length > 1 && items.includes(ALL))
    errors.invalid(items, `if '*' is present, must not specify other ${what}`);
}

function pathProblem(path: string): string | undefined {
  if (path === "") return "must not be empty";
  if (path === "/") return undefined;
  if (!path.startsWith("/")) return "must start with slash";
  if (path.includes(" ")) return "must not contain white-space";
  if (path.includes("//")) return "must not contain double slash";
  const stars = path.split(ALL).length - 1;
  const isSuffix = stars === 0 || (stars === 1 && path.endsWith("/*"));
  return isSuffix ? undefined : "wildcard can only do suffix matching";
}
