/** Pod templates of Deployments: when two are the same, and the short name of one. */

import type { PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { shortName, templateTexts } from "../template-text.ts";

/** Label that tells the pods of one ReplicaSet of a Deployment from those of another. */
export const HASH_LABEL = "pod-template-hash";

const textOf = templateTexts(HASH_LABEL);

/** Whether the templates ask for the same pods, whatever hash they are labelled with. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return textOf(a ?? {}) === textOf(b ?? {});
}

export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  return shortName(textOf(template), collisions);
}
