/** How pods that name it are run: by which handler of the node's runtime, at which cost, on which nodes. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { dns1123Label } from "@knarr/machinery/names.ts";

import type { Toleration } from "../../generated/core-v1.ts";
import type { RuntimeClass } from "../../generated/node-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { internalForm } from "../shared/internal/form.ts";
import { nodeLabelWarning } from "../shared/pod/node-labels.ts";
import { validateOverhead } from "../shared/pod/resources.ts";
import { NOTHING_TOLERATED } from "../shared/pod/tolerated.ts";
import { validateTolerations } from "../shared/pod/tolerations.ts";
import { reject } from "../shared/values.ts";

export const runtimeClass = defineResource<RuntimeClass>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  schema: "io.k8s.api.node.v1.RuntimeClass",
  plural: "runtimeclasses",
  scope: "Cluster",
  hasGeneration: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole", "change"],

  validate({ handler, overhead, scheduling }, errors) {
    if (!handler) errors.at("handler").required();
    else reject(errors.at("handler"), handler, dns1123Label(handler));
    if (overhead) validateOverhead(overhead.podFixed ?? {}, errors.at("overhead"));
    if (!scheduling) return;
    const at = errors.at("scheduling");
    validateLabels(scheduling.nodeSelector, at.at("nodeSelector"));
    validateDistinct(scheduling.tolerations ?? [], at.at("tolerations"));
  },

  validateUpdate: (object, previous, errors) =>
    errors.at("handler").immutable(object.handler ?? "", previous.handler),

  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
      const text = nodeLabelWarning(label);
      return text ? [`scheduling.nodeSelector: ${text}`] : [];
    }),

  columns: [nameColumn, { name: "Handler", value: ({ handler }) => handler }, ageColumn],
});

function validateDistinct(tolerations: readonly Toleration[], errors: FieldErrors): void {
  validateTolerations(tolerations, errors, NOTHING_TOLERATED);
  const seen = new Set<string>();
  tolerations.forEach((toleration, i) => {
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity)) errors.at(i).duplicate(internalForm(toleration, "Toleration"));
    seen.add(identity);
  });
}
