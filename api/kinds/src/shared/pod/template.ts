/** Pod templates, as workloads hold them: a pod's rules without a pod's name. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { LabelSelector as Query } from "@knarr/machinery/labels.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import type { PodTemplateSpec } from "../../../generated/core-v1.ts";
import { internalForm } from "../internal/form.ts";
import { reject } from "../values.ts";
import { validatePodAnnotations } from "./annotations.ts";
import { podContext, type PodContext } from "./context.ts";
import { validateProfileAnnotations } from "./profile-annotations.ts";
import { validatePodSpec } from "./spec.ts";
import { toleratedSince } from "./tolerated.ts";

/** Upstream's limit on all annotations of one object together. */
const MOST_ANNOTATION_BYTES = 256 * 1024;

/** `previous` is the template before the update. */
export function validatePodTemplate(
  template: PodTemplateSpec,
  previous: PodTemplateSpec | undefined,
  errors: FieldErrors,
): void {
  const { metadata, spec } = template;
  const context = contextOf(template, previous);
  validateOwnMetadata(template, errors, context);
  validatePodSpec(errors.at("spec"), context);
  validateProfileAnnotations(metadata, context.spec, errors.at("spec"));
  if (spec?.ephemeralContainers?.length)
    errors.at("spec").at("ephemeralContainers").forbidden("ephemeral containers not allowed in pod template");
}

/** Labels and annotations of the template alone. */
export function validateTemplateMetadata(
  template: PodTemplateSpec,
  previous: PodTemplateSpec | undefined,
  errors: FieldErrors,
): void {
  validateOwnMetadata(template, errors, contextOf(template, previous));
}

function contextOf({ spec }: PodTemplateSpec, previous: PodTemplateSpec | undefined): PodContext {
  return podContext(spec ?? { containers: [] }, {
    isPod: false,
    tolerated: toleratedSince(previous?.spec, previous?.metadata),
  });
}

function validateOwnMetadata({ metadata }: PodTemplateSpec, errors: FieldErrors, context: PodContext): void {
  validateLabels(metadata?.labels, errors.at("labels"));
  validateAnnotations(metadata?.annotations, errors.at("annotations"));
  validatePodAnnotations(metadata?.annotations, errors.at("annotations"), context);
}

function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  let size = 0;
  for (const key in annotations) {
    reject(errors, key, qualifiedName(key.toLowerCase()));
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!);
  }
  if (size > MOST_ANNOTATION_BYTES) errors.tooLong(MOST_ANNOTATION_BYTES);
}

/** The pods of a workload must be the ones it picks. */
export function checkIsSelected({ metadata }: PodTemplateSpec, selector: Query, errors: FieldErrors): void {
  if (!selector.matches(metadata?.labels))
    errors
      .at("metadata")
      .at("labels")
      .invalid(internalForm(metadata?.labels, "{}string"), "`selector` does not match template `labels`");
}

/** Pods of these workloads run for good: restarted always, without a deadline. */
export function checkRunsForGood({ spec }: PodTemplateSpec, workload: string, errors: FieldErrors): void {
  const policy = spec?.restartPolicy ?? "";
  if (policy !== "Always") errors.at("spec").at("restartPolicy").notSupported(policy, ["Always"]);
  if (spec?.activeDeadlineSeconds != null)
    errors
      .at("spec")
      .at("activeDeadlineSeconds")
      .forbidden(`activeDeadlineSeconds in ${workload} is not Supported`);
}
