/** The room that names live in; deleting one deletes all in it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateKubeFinalizer } from "@knarr/machinery/metadata.ts";
import { nameIsDnsLabel, qualifiedName } from "@knarr/machinery/names.ts";
import type { Namespace } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { reject } from "../shared/values.ts";

/** Holds a namespace until its controller has emptied it. */
const KUBERNETES_FINALIZER = "kubernetes";
/** The label that every namespace has, so that selectors can name one. */
export const NAME_LABEL = "kubernetes.io/metadata.name";

export const namespace = defineResource<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  schema: "io.k8s.api.core.v1.Namespace",
  plural: "namespaces",
  scope: "Cluster",
  metadataOnUpdate: ["whole", "change"],
  shortNames: ["ns"],
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
  hasGeneration: false,
  returnsDeleted: true,
  name: nameIsDnsLabel,

  defaults(object) {
    labelWithName(object);
    object.status ??= {};
    object.status.phase ||= "Active";
  },

  prepareForCreate(object) {
    object.status = { phase: "Active" };
    const finalizers = object.spec?.finalizers ?? [];
    if (!finalizers.includes(KUBERNETES_FINALIZER))
      object.spec = { ...object.spec, finalizers: [...finalizers, KUBERNETES_FINALIZER] };
    labelWithName(object); // again: a generated name came after the defaults
  },

  /** Finalizers change through `/finalize` alone. */
  prepareForUpdate(object, previous) {
    object.spec = withFinalizers(object.spec, previous.spec?.finalizers);
  },

  validate(object, errors) {
    const at = errors.at("spec").at("finalizers");
    for (const finalizer of object.spec?.finalizers ?? []) checkFinalizer(finalizer, at);
  },

  selectableFields: {
    name: ({ metadata }) => metadata.name ?? "",
    "status.phase": ({ status }) => status?.phase ?? "",
  },

  columns: [nameColumn, { name: "Status", value: ({ status }) => status?.phase ?? "" }, ageColumn],

  subresources: {
    status: {
      validateUpdate({ metadata, status }, _previous, errors) {
        const phase = status?.phase ?? "";
        const at = errors.at("status").at("Phase");
        if (!metadata.deletionTimestamp && phase !== "Active")
          at.invalid(phase, "may only be 'Active' if `deletionTimestamp` is empty");
        if (metadata.deletionTimestamp && phase !== "Terminating")
          at.invalid(phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
      },
    },
    parts: {
      finalize: {
        prepareForUpdate(object, previous) {
          object.status = previous.status ?? {};
        },
        validateUpdate(object, _previous, errors) {
          const at = errors.at("spec").at("finalizers");
          for (const [index, finalizer] of (object.spec?.finalizers ?? []).entries())
            checkFinalizer(finalizer, at.at(index));
        },
      },
    },
  },
});

function labelWithName({ metadata }: Namespace): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

function withFinalizers(
  spec: Namespace["spec"] = {},
  finalizers: string[] | undefined,
): NonNullable<Namespace["spec"]> {
  const { finalizers: _asked, ...rest } = spec;
  return finalizers ? { ...rest, finalizers } : rest;
}

function checkFinalizer(finalizer: string, errors: FieldErrors): void {
  reject(errors, finalizer, qualifiedName(finalizer));
  validateKubeFinalizer(finalizer, errors);
}
