/** A sort of devices, by what they have in common, and how they are set up. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { nameIsLongName } from "@knarr/machinery/names.ts";
import type { DeviceClass, DeviceClassSpec } from "../../generated/resource-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { MAX_CONFIGURATIONS, validateConfiguration } from "../shared/dra/configuration.ts";
import { checkList } from "../shared/dra/lists.ts";
import { validateSelectors } from "../shared/dra/selectors.ts";
import { isExtendedResource } from "../shared/pod/resource-names.ts";
import { inVersion } from "../shared/versions.ts";

export const deviceClass = defineResource<DeviceClass>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "DeviceClass",
  schema: "io.k8s.api.resource.v1.DeviceClass",
  plural: "deviceclasses",
  scope: "Cluster",
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: true,
  name: nameIsLongName,
  returnsDeleted: true,

  validate: ({ spec }, errors) => validateSpec(spec, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) => validateSpec(spec, errors.at("spec"), previous.spec),

  columns: [nameColumn, ageColumn],
});

export const deviceClassV1beta2 = inVersion<DeviceClass, DeviceClass>(deviceClass, "v1beta2", {
  schema: "io.k8s.api.resource.v1beta2.DeviceClass",
  deprecation: "resource.k8s.io/v1beta2 DeviceClass is deprecated in v1.36+, unavailable in v1.39+",
});

export const deviceClassV1beta1 = inVersion<DeviceClass, DeviceClass>(deviceClass, "v1beta1", {
  schema: "io.k8s.api.resource.v1beta1.DeviceClass",
  deprecation: "resource.k8s.io/v1beta1 DeviceClass is deprecated in v1.35+, unavailable in v1.38+",
});

function validateSpec(
  spec: DeviceClassSpec | undefined,
  errors: FieldErrors,
  previous?: DeviceClassSpec,
): void {
  const { selectors, config, extendedResourceName } = spec ?? {};
  const isKept = (field: "selectors" | "config"): boolean =>
    previous !== undefined && semanticEqual(spec?.[field], previous[field]);
  validateSelectors(selectors, errors.at("selectors"), isKept("selectors") ? "stored" : "new");
  checkList(config, errors.at("config"), {
    max: MAX_CONFIGURATIONS,
    check: (item, at) => validateConfiguration(item, at, { isStored: isKept("config") }),
  });
  if (extendedResourceName != null && !isExtendedResource(extendedResourceName))
    errors.at("extendedResourceName").invalid(extendedResourceName, "must be a valid extended resource name");
}
