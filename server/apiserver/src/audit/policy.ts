/**
 * The audit policy: a file (`audit.k8s.io/v1` Policy) whose rules say of each request how much of it is written. The first rule that fits
 * decides; what none fits is not written at all.
 *
 *     apiVersion: audit.k8s.io/v1
 *     kind: Policy
 *     rules:
 *       - level: None
 *         users: [system:kube-proxy]
 *         verbs: [watch]
 *       - level: Metadata
 */

import {
  fields,
  FLAG,
  listOf,
  parseConfig,
  refuseFindings,
  TEXT,
  TEXTS,
  typedConfig,
  type ConfigFormat,
} from "@knarr/machinery/config-file.ts";
import { FieldErrors, type FieldError } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";
import type { Attributes } from "../request.ts";

/** From nothing to everything. */
export const LEVELS = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof LEVELS)[number];

const STAGES = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof STAGES)[number];

export interface AuditDecision {
  readonly level: Level;
  readonly omittedStages: ReadonlySet<Stage>;
  readonly omitsManagedFields: boolean;
}

interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface PolicyFile {
  readonly rules?: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

const shared = { omitStages: TEXTS, omitManagedFields: FLAG };

export const AUDIT_POLICY: ConfigFormat = {
  kinds: ["audit.k8s.io/v1 Policy"],
  schema: fields({
    ...shared,
    rules: listOf(
      fields({
        ...shared,
        ...{
          level: TEXT,
          users: TEXTS,
          userGroups: TEXTS,
          verbs: TEXTS,
          namespaces: TEXTS,
          nonResourceURLs: TEXTS,
        },
        resources: listOf(fields({ group: TEXT, resources: TEXTS, resourceNames: TEXTS })),
      }),
    ),
    metadata: { type: "object", values: { type: "any" } },
  }),
};

export interface AuditPolicy {
  /** `level` None: nothing of this request is written. */
  decide(attributes: Attributes): AuditDecision;
}

/** Reads a policy; throws an Error with everything that is wrong with it. What it `ignores`, upstream ignores, too. */
export function auditPolicyOf(
  text: string,
  path: string,
): AuditPolicy & { readonly ignores: readonly FieldError[] } {
  const place = `the audit policy ${path}`;
  const errors = new FieldErrors();
  const ignored: FieldError[] = [];
  const file = typedConfig<PolicyFile>(
    parseConfig(text, place, ignored),
    { ...AUDIT_POLICY, ignored },
    errors,
  );
  if (errors.list.length === 0) validate(file, errors);
  refuseFindings(errors, place);
  const { rules = [], omitStages = [], omitManagedFields = false } = file;
  const decisions = rules.map((rule) => ({
    rule,
    decision: {
      level: rule.level,
      omittedStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitsManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  }));
  const nothing: AuditDecision = { level: "None", omittedStages: new Set(), omitsManagedFields: false };
  return {
    ignores: ignored,
    decide: (attributes) => decisions.find(({ rule }) => fits(rule, attributes))?.decision ?? nothing,
  };
}

function validate({ rules = [], omitStages = [] }: PolicyFile, errors: FieldErrors): void {
  if (rules.length === 0) errors.at("rules").required("without rules nothing would be written");
  checkStages(omitStages, errors.at("omitStages"));
  rules.forEach((rule, i) => validateRule(rule, errors.at("rules").at(i)));
}

function validateRule(rule: PolicyRule, errors: FieldErrors): void {
  const { level, nonResourceURLs = [], resources = [], namespaces = [], omitStages = [] } = rule;
  if (!level) errors.at("level").required();
  else if (!LEVELS.includes(level)) errors.at("level").notSupported(level, LEVELS);
  nonResourceURLs.forEach((url, i) => {
    const at = errors.at("nonResourceURLs").at(i);
    if (url === "*") return;
    if (!url.startsWith("/")) at.invalid(url, "non-resource URL rules must begin with a '/' character");
    if (url.slice(0, -1).includes("*"))
      at.invalid(url, "non-resource URL wildcards '*' must be the final character of the rule");
  });
  for (const { group = "", resources: names = [], resourceNames = [] } of resources) {
    const at = errors.at("resources");
    if (group && group !== "*") for (const why of dns1123Subdomain(group)) at.at("group").invalid(group, why);
    if (resourceNames.length > 0 && names.length === 0)
      at.at("resourceNames").invalid(resourceNames, "using resourceNames requires at least one resource");
  }
  checkStages(omitStages, errors.at("omitStages"));
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0))
    errors
      .at("nonResourceURLs")
      .invalid(nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
}

function checkStages(stages: readonly Stage[], errors: FieldErrors): void {
  stages.forEach((stage, i) => {
    if (!STAGES.includes(stage)) errors.at(i).invalid(stage, `allowed stages are ${STAGES.join(",")}`);
  });
}

function fits(rule: PolicyRule, attributes: Attributes): boolean {
  const {
    users = [],
    userGroups = [],
    verbs = [],
    namespaces = [],
    resources = [],
    nonResourceURLs = [],
  } = rule;
  const { user, verb } = attributes;
  if (users.length > 0 && !users.includes(user.name)) return false;
  if (userGroups.length > 0 && !user.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(verb)) return false;
  if (namespaces.length > 0 || resources.length > 0)
    return fitsResource({ namespaces, resources }, attributes);
  if (nonResourceURLs.length > 0)
    return !attributes.isResource && nonResourceURLs.some((url) => fitsPath(url, attributes.path));
  return true;
}

function fitsPath(url: string, path: string): boolean {
  return url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));
}

function fitsResource(
  { namespaces = [], resources = [] }: Pick<PolicyRule, "namespaces" | "resources">,
  { isResource, namespace, group, resource, subresource, name }: Attributes,
): boolean {
  if (!isResource) return false;
  if (namespaces.length > 0 && !namespaces.includes(namespace)) return false;
  if (resources.length === 0) return true;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  const names = new Set([whole, "*", `${resource}/*`, ...(subresource ? [`*/${subresource}`] : [])]);
  return resources.some(({ group: wanted = "", resources: those = [], resourceNames = [] }) => {
    if (wanted !== group && wanted !== "*") return false;
    if (those.length === 0) return true;
    if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
    return those.some((one) => names.has(one));
  });
}
