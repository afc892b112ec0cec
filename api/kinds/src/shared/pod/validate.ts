/** The rules of a pod as a whole, and of its creation. Those of updates are in `update.ts`. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Pod } from "../../../generated/core-v1.ts";
import { validatePodAnnotations } from "./annotations.ts";
import { validateImageIsTrimmed } from "./containers.ts";
import { podContext, type PodContext } from "./context.ts";
import { validateProfileAnnotations } from "./profile-annotations.ts";
import { validatePodSpec } from "./spec.ts";
import { NOTHING_TOLERATED, type Tolerated } from "./tolerated.ts";

export function contextOf(pod: Pod, tolerated: Tolerated = NOTHING_TOLERATED): PodContext {
  return podContext(pod.spec ?? { containers: [] }, { meta: pod.metadata, isPod: true, tolerated });
}

/** What holds on every write. */
export function validatePodObject(pod: Pod, errors: FieldErrors, context: PodContext): void {
  const { spec } = context;
  const at = errors.at("spec");
  validatePodAnnotations(pod.metadata.annotations, errors.at("metadata").at("annotations"), context);
  validatePodSpec(at, context);
  if (!spec.serviceAccountName) validateNeedsNoAccount(context, at.at("volumes"));
  for (const field of ["containers", "initContainers"] as const)
    (spec[field] ?? []).forEach((container, i) => validateImageIsTrimmed(container, at.at(field).at(i)));
}

export function validatePodCreate(pod: Pod, errors: FieldErrors): void {
  const context = contextOf(pod);
  const { spec } = context;
  validatePodObject(pod, errors, context);
  const at = errors.at("spec");
  if (spec.ephemeralContainers?.length) at.at("ephemeralContainers").forbidden("cannot be set on create");
  if (spec.nodeName && spec.schedulingGates?.length)
    at.at("nodeName").forbidden("cannot be set until all schedulingGates have been cleared");
  validateProfileAnnotations(pod.metadata, spec, at);
}

function validateNeedsNoAccount({ spec }: PodContext, errors: FieldErrors): void {
  (spec.volumes ?? []).forEach(({ projected }, i) =>
    (projected?.sources ?? []).forEach(({ serviceAccountToken }, j) => {
      if (serviceAccountToken)
        errors
          .at(i)
          .at("projected")
          .at("sources")
          .at(j)
          .at("serviceAccountToken")
          .forbidden("must not be specified when serviceAccountName is not set");
    }),
  );
}
