/** Pods that belong together, as groups that are made from its templates; who made the Workload stands in it. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import type {
  PodGroupTemplate,
  TypedLocalObjectReference,
  Workload,
} from "../../generated/scheduling-v1alpha2.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { requirePathSegment } from "../shared/path-segment.ts";
import { dropDisabled, validatePolicy } from "../shared/pod-group.ts";
import { reject } from "../shared/values.ts";

const MAX_TEMPLATES = 8;

export const workload = defineResource<Workload>({
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  kind: "Workload",
  schema: "io.k8s.api.scheduling.v1alpha2.Workload",
  plural: "workloads",
  scope: "Namespaced",
  hasGeneration: false,

  prepareForCreate({ spec }) {
    for (const template of spec.podGroupTemplates ?? []) dropDisabled(template, undefined);
  },
  prepareForUpdate({ spec }, previous) {
    (spec.podGroupTemplates ?? []).forEach((template, i) =>
      dropDisabled(template, previous.spec.podGroupTemplates?.[i]),
    );
  },

  validate({ spec }, errors) {
    const at = errors.at("spec");
    if (spec?.controllerRef) validateController(spec.controllerRef, at.at("controllerRef"));
    validateTemplates(spec?.podGroupTemplates ?? [], at.at("podGroupTemplates"));
  },
  validatesOnUpdate: false,
  validateUpdate({ spec }, { spec: before }, errors) {
    for (const field of ["controllerRef", "podGroupTemplates"] as const)
      if (!semanticEqual(spec?.[field], before?.[field]))
        errors.at("spec").at(field).invalid(null, "field is immutable");
  },

  columns: [nameColumn, ageColumn],
});

function validateController({ apiGroup, kind, name }: TypedLocalObjectReference, errors: FieldErrors): void {
  if (apiGroup) reject(errors.at("apiGroup"), apiGroup, dns1123Subdomain(apiGroup));
  requirePathSegment(errors.at("kind"), kind);
  requirePathSegment(errors.at("name"), name);
}

function validateTemplates(templates: readonly PodGroupTemplate[], errors: FieldErrors): void {
  if (templates.length > MAX_TEMPLATES) errors.tooMany(templates.length, MAX_TEMPLATES);
  if (!templates.length) errors.required();
  if (!templates.length || templates.length > MAX_TEMPLATES) return;
  templates.forEach((template, i) => {
    if (templates.findIndex(({ name }) => name === template.name) < i) errors.at(i).duplicate(template);
  });
  templates.forEach(({ name, schedulingPolicy }, i) => {
    const at = errors.at(i);
    if (!name) at.at("name").required();
    else reject(at.at("name"), name, dns1123Label(name));
    validatePolicy(schedulingPolicy ?? {}, at.at("schedulingPolicy"));
  });
}
