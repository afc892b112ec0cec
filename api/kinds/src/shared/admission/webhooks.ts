/** Webhooks as both of their configurations have them. Rules that came after webhooks hold for what is new: old ones may stay as they are. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { dns1035Label, dns1123Subdomain } from "@knarr/machinery/names.ts";
import type {
  MutatingWebhook,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../../generated/admissionregistration-v1.ts";
import { ageColumn, nameColumn } from "../columns.ts";
import { checkOneOf, reject } from "../values.ts";
import { defaultClientConfig, validateClientConfig } from "../webhook-client-config.ts";
import type { Known } from "./expressions.ts";
import { expressionsOf, validateMatchConditions } from "./match-conditions.ts";
import { defaultRules, MATCH_POLICIES, validateRule } from "./rules.ts";

export type Webhook = ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;
type Webhooks = readonly Webhook[];

export const FAILURE_POLICIES = ["Fail", "Ignore"];
export const REINVOCATION_POLICIES = ["IfNeeded", "Never"];
const REVIEW_VERSIONS = ["v1", "v1beta1"];
/** Those that do no harm when the request is not carried out. */
const HARMLESS = ["None", "NoneOnDryRun"];
const SIDE_EFFECTS = [...HARMLESS, "Some", "Unknown"];
const MOST_SECONDS = 30;

export const webhookColumns = [
  nameColumn,
  {
    name: "Webhooks",
    type: "integer" as const,
    value: ({ webhooks }: ValidatingWebhookConfiguration) => webhooks?.length ?? 0,
  },
  ageColumn,
];

export function defaultWebhooks(webhooks: Webhooks | undefined): void {
  for (const webhook of webhooks ?? []) {
    webhook.failurePolicy ??= "Fail";
    webhook.matchPolicy ??= "Equivalent";
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= 10;
    defaultClientConfig(webhook.clientConfig ?? {});
    defaultRules(webhook.rules);
  }
}

/** What is not asked of webhooks because those before were not up to it either. */
interface Tolerance {
  readonly conditions: boolean;
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly names: boolean;
  readonly selectorValues: boolean;
  readonly known: Known | undefined;
}

/** `previous` on update alone. */
export function validateWebhooks(
  webhooks: Webhooks = [],
  previous: Webhooks | undefined,
  errors: FieldErrors,
): void {
  const tolerance = toleranceFor(webhooks, previous);
  const seen = new Set<string>();
  webhooks.forEach((webhook, i) => {
    const at = errors.at(i);
    validateWebhook(webhook, tolerance, at);
    validateReviewVersions(
      webhook.admissionReviewVersions ?? [],
      tolerance,
      at.at("admissionReviewVersions"),
    );
    const { name = "" } = webhook;
    if (tolerance.names || name === "") return;
    if (seen.has(name)) at.at("name").duplicate(name);
    seen.add(name);
  });
}

function toleranceFor(webhooks: Webhooks, previous: Webhooks | undefined): Tolerance {
  if (!previous)
    return {
      conditions: false,
      sideEffects: false,
      reviewVersions: false,
      names: false,
      selectorValues: false,
      known: undefined,
    };
  return {
    conditions:
      webhooks.length === previous.length &&
      webhooks.every((webhook, i) =>
        semanticEqual(webhook.matchConditions ?? [], previous[i]!.matchConditions ?? []),
      ),
    sideEffects: !previous.every(({ sideEffects }) => HARMLESS.includes(sideEffects)),
    reviewVersions: previous.some(
      ({ admissionReviewVersions: versions }) => versions?.length > 0 && !versions.some(isReviewVersion),
    ),
    names: new Set(previous.map(({ name }) => name)).size < previous.length,
    selectorValues: previous.some(hasBadSelector),
    known: new Set(previous.flatMap(({ matchConditions }) => expressionsOf(matchConditions))),
  };
}

function hasBadSelector({ namespaceSelector, objectSelector }: Webhook): boolean {
  const errors = new FieldErrors();
  for (const selector of [namespaceSelector, objectSelector]) validateLabelSelector(selector, errors);
  return errors.list.length > 0;
}

function validateWebhook(webhook: Webhook, tolerance: Tolerance, errors: FieldErrors): void {
  const { name = "", rules = [], clientConfig = {}, timeoutSeconds } = webhook;
  validateName(name, errors.at("name"));
  rules.forEach((rule, i) => validateRule(rule, errors.at("rules").at(i)));
  checkOneOf(errors.at("failurePolicy"), webhook.failurePolicy, FAILURE_POLICIES);
  checkOneOf(errors.at("matchPolicy"), webhook.matchPolicy, MATCH_POLICIES);
  validateSideEffects(webhook.sideEffects, tolerance, errors.at("sideEffects"));
  if (timeoutSeconds != null && (timeoutSeconds < 1 || timeoutSeconds > MOST_SECONDS))
    errors
      .at("timeoutSeconds")
      .invalid(timeoutSeconds, `the timeout value must be between 1 and ${MOST_SECONDS} seconds`);
  const tolerate = { invalidValues: tolerance.selectorValues };
  validateLabelSelector(webhook.namespaceSelector, errors.at("namespaceSelector"), tolerate);
  validateLabelSelector(webhook.objectSelector, errors.at("objectSelector"), tolerate);
  checkOneOf(errors.at("reinvocationPolicy"), webhook.reinvocationPolicy, REINVOCATION_POLICIES);
  if ((clientConfig.url == null) === (clientConfig.service == null))
    errors.at("clientConfig").required("exactly one of url or service is required");
  else validateClientConfig(clientConfig, errors.at("clientConfig"));
  const { known } = tolerance;
  if (!tolerance.conditions)
    validateMatchConditions(webhook.matchConditions, errors.at("matchConditions"), { known });
}

/** `name.example.com`: whoever wrote the webhook has it from a domain of theirs. */
function validateName(name: string, errors: FieldErrors): void {
  if (name === "") return errors.required();
  const problems = dns1123Subdomain(name);
  if (problems.length > 0) errors.invalid(name, problems.join(","));
  else if (name.split(".").length < 3)
    errors.invalid(name, "should be a domain with at least three segments separated by dots");
}

function validateSideEffects(
  sideEffects: string | undefined,
  tolerance: Tolerance,
  errors: FieldErrors,
): void {
  const allowed = tolerance.sideEffects ? SIDE_EFFECTS : HARMLESS;
  if (sideEffects == null) errors.required(`must specify one of ${allowed.join(", ")}`);
  else checkOneOf(errors, sideEffects, allowed);
}

function validateReviewVersions(
  versions: readonly string[],
  tolerance: Tolerance,
  errors: FieldErrors,
): void {
  const list = REVIEW_VERSIONS.join(", ");
  if (versions.length === 0) return errors.required(`must specify one of ${list}`);
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    if (seen.has(version)) return errors.at(i).invalid(version, "duplicate version");
    seen.add(version);
    reject(errors.at(i), version, dns1035Label(version));
  });
  if (!tolerance.reviewVersions && !versions.some(isReviewVersion))
    errors.invalid(versions, `must include at least one of ${list}`);
}

function isReviewVersion(version: string): boolean {
  return REVIEW_VERSIONS.includes(version);
}
