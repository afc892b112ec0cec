/** The selector that a Job gets when it brings none: its pods are labelled with its name and its uid. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Job } from "../../../generated/batch-v1.ts";
import { internalForm } from "../internal/form.ts";
import { queryOf } from "../label-selector.ts";

export const JOB_NAME = "batch.kubernetes.io/job-name";
const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
/** The same from before labels had prefixes. */
const OLD_JOB_NAME = "job-name";
const OLD_CONTROLLER_UID = "controller-uid";

/** Labels that users gave stay: validation says what is wrong with them. */
export function generateSelector({ metadata, spec }: Job): void {
  if (spec!.manualSelector) return;
  const { name = "", uid = "" } = metadata;
  const template = (spec!.template.metadata ??= {});
  const labels = (template.labels ??= {});
  for (const key of [OLD_JOB_NAME, JOB_NAME]) labels[key] ??= name;
  for (const key of [OLD_CONTROLLER_UID, CONTROLLER_UID]) labels[key] ??= uid;
  const selector = (spec!.selector ??= {});
  (selector.matchLabels ??= {})[CONTROLLER_UID] ??= uid;
}

export function hasPrefixedLabels({ spec }: Job): boolean {
  const labels = spec?.template.metadata?.labels ?? {};
  return JOB_NAME in labels && CONTROLLER_UID in labels;
}

/** Jobs from before there were prefixed labels do without them. */
export function validateGeneratedSelector(
  { metadata, spec }: Job,
  errors: FieldErrors,
  { isPrefixed }: { readonly isPrefixed: boolean },
): void {
  const { selector, manualSelector, template } = spec!;
  if (manualSelector || !selector) return;
  const { name = "", uid = "" } = metadata;
  if (!uid) errors.at("metadata").at("uid").required();
  const expected: Record<string, string> = { [OLD_CONTROLLER_UID]: uid, [OLD_JOB_NAME]: name };
  if (isPrefixed) Object.assign(expected, { [CONTROLLER_UID]: uid, [JOB_NAME]: name });
  const labels = template.metadata?.labels;
  const at = errors.at("spec").at("template").at("metadata").at("labels");
  for (const [key, value] of Object.entries(expected)) {
    if (labels?.[key] === undefined) at.at([key]).required(`must be '${value}'`);
    else if (labels[key] !== value)
      at.at([key]).invalid(internalForm(labels, "{}string"), `must be '${value}'`);
  }
  const query = queryOf(selector);
  if (query && !query.matches(expected))
    errors.at("spec").at("selector").invalid(internalForm(selector, "raw"), "`selector` not auto-generated");
}
