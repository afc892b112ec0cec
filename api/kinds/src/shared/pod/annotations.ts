/** The annotations of pods that still mean something, or once did: mirror pods, deletion cost, seccomp, AppArmor, tolerations. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Pod, PodSpec, Toleration } from "../../../generated/core-v1.ts";
import { allContainers, type PodContext } from "./context.ts";
import { relativePathProblems } from "./volumes/paths.ts";
import { validateTolerations } from "./tolerations.ts";
import { reject } from "../values.ts";

export const MIRROR_POD = "kubernetes.io/config.mirror";
export const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
export const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
export const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations";

type Annotations = Readonly<Record<string, string>>;

export function validatePodAnnotations(
  annotations: Annotations | undefined,
  errors: FieldErrors,
  context: PodContext,
): void {
  if (!annotations) return;
  const { spec, tolerated } = context;
  const mirror = annotations[MIRROR_POD];
  if (mirror !== undefined && !spec.nodeName)
    errors.at([MIRROR_POD]).invalid(mirror, "must set spec.nodeName if mirror pod annotation is set");
  if (annotations[TOLERATIONS]) validateTolerationsAnnotation(annotations[TOLERATIONS], errors, context);
  if (!tolerated.badDeletionCost && deletionCostIsBad(annotations))
    errors.at([DELETION_COST]).invalid(annotations[DELETION_COST], "must be a 32bit integer");
  for (const key in annotations) {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER))
      validateSeccompText(annotations[key]!, errors.at(key));
  }
  for (const key in annotations)
    if (key.startsWith(APP_ARMOR)) validateAppArmorAnnotation(key, annotations[key]!, errors.at([key]), spec);
}

/** What may not change of them once the pod exists. */
export function validatePodAnnotationsUpdate(
  pod: Pod,
  previous: Pod,
  errors: FieldErrors,
  context: PodContext,
): void {
  const now: Annotations = pod.metadata.annotations ?? {};
  const before: Annotations = previous.metadata.annotations ?? {};
  for (const key in before) {
    if (now[key] === before[key]) continue;
    if (key.startsWith(APP_ARMOR))
      errors.at([key]).forbidden("may not remove or update AppArmor annotations");
    if (key === MIRROR_POD) errors.at([key]).forbidden("may not remove or update mirror pod annotation");
  }
  for (const key in now) {
    if (key in before) continue;
    if (key.startsWith(APP_ARMOR)) errors.at([key]).forbidden("may not add AppArmor annotations");
    if (key === MIRROR_POD) errors.at([key]).forbidden("may not add mirror pod annotation");
  }
  validatePodAnnotations(pod.metadata.annotations, errors, context);
}

export function deletionCostIsBad(annotations: Annotations | undefined): boolean {
  const cost = annotations?.[DELETION_COST];
  if (cost === undefined) return false;
  return !/^(0|-?[1-9][0-9]*)$/.test(cost) || Number(cost) > 2147483647 || Number(cost) < -2147483648;
}

function validateTolerationsAnnotation(text: string, errors: FieldErrors, context: PodContext): void {
  let tolerations: unknown;
  try {
    tolerations = JSON.parse(text);
  } catch (err) {
    errors.invalid(TOLERATIONS, (err as SyntaxError).message);
    return;
  }
  if (Array.isArray(tolerations))
    validateTolerations(tolerations as Toleration[], errors.at(TOLERATIONS), context.tolerated);
}

function validateSeccompText(profile: string, errors: FieldErrors): void {
  if (["runtime/default", "docker/default", "unconfined"].includes(profile)) return;
  if (profile.startsWith("localhost/"))
    reject(
      errors,
      profile.slice("localhost/".length),
      relativePathProblems(profile.slice("localhost/".length)),
    );
  else errors.invalid(profile, "must be a valid seccomp profile");
}

function validateAppArmorAnnotation(key: string, profile: string, errors: FieldErrors, spec: PodSpec): void {
  const name = key.slice(APP_ARMOR.length);
  if (!allContainers(spec).some((container) => container.name === name))
    errors.invalid(name, "container not found");
  if (
    profile &&
    profile !== "runtime/default" &&
    profile !== "unconfined" &&
    !profile.startsWith("localhost/")
  )
    errors.invalid(profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
}
