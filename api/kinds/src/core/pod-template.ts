/** A pod to be, kept by itself. */

import type { PodTemplate } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { nameColumn, templateOwnColumns } from "../shared/columns.ts";
import { equivalent } from "../shared/equality.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { validatePodTemplate } from "../shared/pod/template.ts";
import { templateWarnings } from "../shared/pod/warnings.ts";

export const podTemplate = defineResource<PodTemplate>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  schema: "io.k8s.api.core.v1.PodTemplate",
  plural: "podtemplates",
  scope: "Namespaced",
  returnsDeleted: true,

  defaults: (object) => defaultPodTemplate((object.template ??= {})),
  prepareForCreate: ({ template }) => dropDisabledFields(template!.spec!),
  prepareForUpdate: ({ template }, previous) => dropDisabledFields(template!.spec!, previous.template?.spec),
  validate: ({ template }, errors) => validatePodTemplate(template!, undefined, errors.at("template")),
  validateUpdate: ({ template }, previous, errors) =>
    validatePodTemplate(template!, previous.template, errors.at("template")),
  validatesOnUpdate: false,

  warnings: (object, previous) =>
    previous && !isChanged(object, previous) ? [] : templateWarnings(object.template, "template"),
  hasGeneration: true,
  generationChanged: isChanged,
  columns: [nameColumn, ...templateOwnColumns],
});

function isChanged({ template }: PodTemplate, previous: PodTemplate): boolean {
  return !equivalent(template, previous.template);
}
