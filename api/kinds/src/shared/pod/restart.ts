/** When containers are started again: their own policy, rules by exit code, and what a resize does. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Container, ContainerRestartRule } from "../../../generated/core-v1.ts";
import { checkOneOf, requireOneOf } from "../values.ts";

const MOST_RULES = 20;
const MOST_EXIT_CODES = 255;

export function validateContainerRestart(container: Container, errors: FieldErrors): void {
  const { restartPolicy, restartPolicyRules: rules = [] } = container;
  if (restartPolicy == null && !rules.length) return;
  const at = errors.at("restartPolicy");
  if (restartPolicy == null) at.required("must specify restartPolicy when restart rules are used");
  else checkOneOf(at, restartPolicy, ["Always", "Never", "OnFailure"]);
  if (rules.length > MOST_RULES) errors.at("restartPolicyRules").tooMany(rules.length, MOST_RULES);
  rules.forEach((rule, i) => validateRule(rule, errors.at("restartPolicyRules").at(i)));
}

/** An init container without a policy of its own may have no rules either; that is all that is said of it. */
export function validateInitContainerRestart(container: Container, errors: FieldErrors): void {
  if (container.restartPolicy != null) validateContainerRestart(container, errors);
  else if (container.restartPolicyRules?.length)
    errors.at("restartPolicy").required("must specify restartPolicy when restart rules are used");
}

function validateRule({ action = "", exitCodes }: ContainerRestartRule, errors: FieldErrors): void {
  checkOneOf(errors.at("action"), action, ["Restart", "RestartAllContainers"]);
  const at = errors.at("exitCodes");
  if (!exitCodes) return at.required("must be specified");
  checkOneOf(at.at("operator"), exitCodes.operator ?? "", ["In", "NotIn"]);
  const count = exitCodes.values?.length ?? 0;
  if (count > MOST_EXIT_CODES) at.at("values").tooMany(count, MOST_EXIT_CODES);
}

/** Findings but duplicates stand at the list. */
export function validateResizePolicy(
  { resizePolicy = [] }: Container,
  errors: FieldErrors,
  podRestartPolicy: string | undefined,
): void {
  const seen = new Set<string>();
  resizePolicy.forEach(({ resourceName = "", restartPolicy = "" }, i) => {
    if (seen.has(resourceName)) errors.at(i).duplicate(resourceName);
    seen.add(resourceName);
    requireOneOf(errors, resourceName, ["cpu", "memory"]);
    requireOneOf(errors, restartPolicy, ["NotRequired", "RestartContainer"]);
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired")
      errors.invalid(restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  });
}
