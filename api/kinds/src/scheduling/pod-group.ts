/** Pods that are scheduled together, or not at all when it is a gang. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { PodGroup, PodGroupTemplateReference } from "../../generated/scheduling-v1alpha2.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { dropDisabled, validatePolicy } from "../shared/pod-group.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

export const podGroup = defineResource<PodGroup>({
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  kind: "PodGroup",
  schema: "io.k8s.api.scheduling.v1alpha2.PodGroup",
  plural: "podgroups",
  scope: "Namespaced",
  hasGeneration: false,

  prepareForCreate: ({ spec }) => dropDisabled(spec, undefined),
  prepareForUpdate: ({ spec }, previous) => dropDisabled(spec, previous.spec),

  validate({ spec }, errors) {
    const at = errors.at("spec");
    if (spec?.podGroupTemplateRef)
      validateTemplateRef(spec.podGroupTemplateRef, at.at("podGroupTemplateRef"));
    validatePolicy(spec?.schedulingPolicy ?? {}, at.at("schedulingPolicy"));
  },
  validatesOnUpdate: false,
  validateUpdate({ spec }, { spec: before }, errors) {
    for (const field of ["podGroupTemplateRef", "schedulingPolicy"] as const)
      if (!semanticEqual(spec?.[field], before?.[field]))
        errors.at("spec").at(field).invalid(null, "field is immutable");
  },

  columns: [
    nameColumn,
    { name: "Policy", value: ({ spec }) => (spec.schedulingPolicy.gang ? "Gang" : "Basic") },
    { name: "Workload", value: ({ spec }) => spec.podGroupTemplateRef?.workload?.workloadName ?? "<none>" },
    { name: "Status", value: statusText },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate(object, previous) {
        keepMetadata(object, previous);
        if (!previous.spec.resourceClaims?.length) delete object.status?.resourceClaimStatuses;
      },
      validateUpdate: ({ status = {} }, _previous, errors) =>
        validateConditions(status.conditions, errors.at("status").at("conditions")),
    },
  },
});

function validateTemplateRef({ workload }: PodGroupTemplateReference, errors: FieldErrors): void {
  if (!workload) {
    errors.invalid("", "must specify one of: `workload`");
    return;
  }
  const at = errors.at("workload");
  const { workloadName, podGroupTemplateName } = workload;
  if (!workloadName) at.at("workloadName").required();
  else reject(at.at("workloadName"), workloadName, dns1123Subdomain(workloadName));
  if (!podGroupTemplateName) at.at("podGroupTemplateName").required();
  else reject(at.at("podGroupTemplateName"), podGroupTemplateName, dns1123Label(podGroupTemplateName));
}

function statusText({ status }: PodGroup): string {
  const conditions = new Map((status?.conditions ?? []).map((one) => [one.type, one]));
  const disrupted = conditions.get("DisruptionTarget");
  if (disrupted) return disrupted.reason;
  const scheduled = conditions.get("PodGroupScheduled");
  if (!scheduled) return "Pending";
  return scheduled.status === "True" ? "Scheduled" : "Unschedulable";
}
