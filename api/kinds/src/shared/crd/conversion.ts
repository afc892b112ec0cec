/** `spec.conversion`: how objects get from one version to another. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1035Label } from "@knarr/machinery/names.ts";
import type { CustomResourceConversion, WebhookClientConfig } from "../../../generated/apiextensions-v1.ts";
import { requireOneOf } from "../values.ts";
import { validateClientConfig } from "../webhook-client-config.ts";
import { caBundleProblem } from "./ca-bundle.ts";
import type { Leniency } from "./leniency.ts";

const REVIEW_VERSIONS = ["v1", "v1beta1"];

export function isAcceptedReviewVersion(version: string): boolean {
  return REVIEW_VERSIONS.includes(version);
}

/** `errors` stands at the spec. */
export function validateConversion(
  conversion: CustomResourceConversion | undefined,
  { preservesUnknown, lenient }: { readonly preservesUnknown: boolean; readonly lenient: Leniency },
  errors: FieldErrors,
): void {
  if (!conversion) return;
  const at = errors.at("conversion");
  const { strategy, webhook } = conversion;
  if (strategy !== "None" && preservesUnknown)
    at.at("strategy").invalid(strategy ?? "", "must be None if spec.preserveUnknownFields is true");
  requireOneOf(at.at("strategy"), strategy, ["None", "Webhook"]);
  const config = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions;
  const atConfig = at.at("webhookClientConfig");
  const atVersions = at.at("conversionReviewVersions");
  if (strategy === "Webhook") {
    if (config) validateConfig(config, lenient, atConfig);
    else atConfig.required("required when strategy is set to Webhook");
    validateReviewVersions(versions ?? [], lenient, atVersions);
    return;
  }
  const why = "should not be set when strategy is not set to Webhook";
  if (config) atConfig.forbidden(why);
  if (versions?.length) atVersions.forbidden(why);
}

function validateConfig(config: WebhookClientConfig, lenient: Leniency, errors: FieldErrors): void {
  const { url, service, caBundle } = config;
  if ((url == null) === (service == null)) errors.required("exactly one of url or service is required");
  else validateClientConfig(config, errors);
  const problem = caBundle && !lenient.caBundle ? caBundleProblem(caBundle) : undefined;
  if (problem) errors.at("caBundle").invalid(caBundle, problem);
}

function validateReviewVersions(versions: readonly string[], lenient: Leniency, errors: FieldErrors): void {
  if (versions.length === 0) return errors.required();
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) errors.at(i).invalid(version, "duplicate version");
    else for (const problem of dns1035Label(version)) errors.at(i).invalid(version, problem);
    seen.add(version);
  }
  if (!lenient.reviewVersions && !versions.some(isAcceptedReviewVersion))
    errors.invalid(versions, `must include at least one of ${REVIEW_VERSIONS.join(", ")}`);
}
