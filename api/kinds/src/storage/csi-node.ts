/** Which storage drivers run on a node, and how they call it. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import type { CSINode, CSINodeDriver } from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { internalForm } from "../shared/internal/form.ts";
import { validateDriverName } from "../shared/pod/volumes/network.ts";
import { checkNotNegative, reject } from "../shared/values.ts";

const MAX_ID_BYTES = 256;

export const csiNode = defineResource<CSINode>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  schema: "io.k8s.api.storage.v1.CSINode",
  plural: "csinodes",
  scope: "Cluster",
  hasGeneration: false,
  returnsDeleted: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  validate({ spec }, errors) {
    const names = new Set<string>();
    (spec?.drivers ?? []).forEach((driver, i) => {
      const at = errors.at("spec").at("drivers").at(i);
      validateNode(driver, at);
      if (names.has(driver.name)) at.at("name").duplicate(driver.name);
      names.add(driver.name);
      validateTopologyKeys(driver.topologyKeys ?? [], at);
    });
  },

  /** Drivers come and go, and find that they can serve more volumes or fewer; all else of one stays. */
  validateUpdate({ spec }, previous, errors) {
    const fixed = ({ allocatable: _changes, ...rest }: CSINodeDriver): unknown =>
      internalForm(rest, "CSINodeDriver");
    for (const before of previous.spec.drivers ?? [])
      for (const now of spec?.drivers ?? [])
        if (now.name === before.name && !semanticEqual(fixed(now), fixed(before)))
          errors.at("spec").at("drivers").invalid(fixed(now), "field is immutable");
  },

  columns: [
    nameColumn,
    { name: "Drivers", type: "integer", value: ({ spec }) => spec.drivers?.length ?? 0 },
    ageColumn,
  ],
});

function validateNode({ name, nodeID = "", allocatable }: CSINodeDriver, errors: FieldErrors): void {
  validateDriverName(name, errors.at("name"));
  if (!nodeID) errors.at("nodeID").required();
  if (Buffer.byteLength(nodeID) > MAX_ID_BYTES)
    errors.at("nodeID").invalid(nodeID, `must be ${MAX_ID_BYTES} characters or less`);
  checkNotNegative(errors.at("allocatable").at("count"), allocatable?.count);
}

/** Findings stand at the driver. */
function validateTopologyKeys(keys: readonly string[], errors: FieldErrors): void {
  const known = new Set<string>();
  for (const key of keys) {
    if (!key) errors.required();
    if (known.has(key)) errors.duplicate(key);
    known.add(key);
    reject(errors, key, qualifiedName(key));
  }
}
