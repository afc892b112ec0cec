/** The state of a workload at one of its revisions, kept to go back to. Never changed once made. */

import type { ControllerRevision } from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkNotNegative } from "../shared/values.ts";

export const controllerRevision = defineResource<ControllerRevision>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  schema: "io.k8s.api.apps.v1.ControllerRevision",
  plural: "controllerrevisions",
  scope: "Namespaced",
  metadataOnUpdate: ["change", "whole"],
  validatesOnUpdate: false,

  validate({ revision, data }, errors) {
    checkNotNegative(errors.at("revision"), revision);
    if (data == null) errors.at("data").required("data is mandatory");
    else if (typeof data !== "object" || Array.isArray(data))
      errors.at("data").required("data must be a valid JSON object");
  },

  validateUpdate({ revision, data }, previous, errors) {
    checkNotNegative(errors.at("revision"), revision);
    errors.at("data").immutable(data ?? null, previous.data ?? null);
  },

  columns: [
    nameColumn,
    { name: "Controller", value: controllerName },
    // A text in upstream's table, too, but given as a number.
    { name: "Revision", value: ({ revision }) => revision ?? 0 },
    ageColumn,
  ],
});

/** `deployment.apps/web` */
function controllerName({ metadata }: ControllerRevision): string {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller);
  if (!controller) return "<none>";
  const { apiVersion, kind, name } = controller;
  const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
  return `${kind.toLowerCase()}${group}/${name}`;
}
