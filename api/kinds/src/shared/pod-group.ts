/** What PodGroups and the templates of them in Workloads share. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { PodGroupSchedulingPolicy, PodGroupTemplate } from "../../generated/scheduling-v1alpha2.ts";

type Optional = Omit<PodGroupTemplate, "name" | "schedulingPolicy">;

/** Fields of features that are alpha and off in v1.36; where they stood before, they stay. */
const disabled = [
  "schedulingConstraints",
  "resourceClaims",
  "disruptionMode",
  "priorityClassName",
  "priority",
] as const;

export function dropDisabled(now: Optional, previous: Optional | undefined): void {
  for (const field of disabled) if (previous?.[field] == null) delete now[field];
}

export function validatePolicy({ basic, gang }: PodGroupSchedulingPolicy, errors: FieldErrors): void {
  const members = "`basic`, `gang`";
  if (basic && gang) errors.invalid("{basic, gang}", `must specify exactly one of: ${members}`);
  if (!basic && !gang) errors.invalid("", `must specify one of: ${members}`);
  if (!gang) return;
  const at = errors.at("gang").at("minCount");
  const { minCount = 0 } = gang;
  if (minCount === 0) at.required();
  else if (minCount < 1) at.invalid(minCount, "must be greater than or equal to 1");
}
