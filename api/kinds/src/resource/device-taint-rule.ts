/** A taint that an administrator puts on devices, whoever published them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { DeviceTaintRule, DeviceTaintRuleSpec } from "../../generated/resource-v1alpha3.ts";
import type { DeviceTaintRule as DeviceTaintRuleV1beta2 } from "../../generated/resource-v1beta2.ts";
import { defineResource } from "../resource.ts";
import { ageOf } from "../shared/age.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { checkLabel, checkPoolName, validateDriverName } from "../shared/dra/names.ts";
import { stampTaint, validateDeviceTaint } from "../shared/dra/taints.ts";
import { keepMetadata } from "../shared/status.ts";
import { inVersion } from "../shared/versions.ts";

const MAX_CONDITIONS = 8;

export const deviceTaintRule = defineResource<DeviceTaintRule>({
  group: "resource.k8s.io",
  version: "v1alpha3",
  kind: "DeviceTaintRule",
  schema: "io.k8s.api.resource.v1alpha3.DeviceTaintRule",
  deprecation: "resource.k8s.io/v1alpha3 DeviceTaintRule is deprecated in v1.36+, unavailable in v1.39+",
  plural: "devicetaintrules",
  scope: "Cluster",
  hasGeneration: true,
  returnsDeleted: true,

  /** A taint of another effect is another taint, and counts from now. */
  stamp({ spec }, now, previous) {
    const [taint, before] = [spec?.taint, previous?.spec.taint];
    if (before && taint?.effect !== before.effect && taint?.timeAdded === before.timeAdded)
      delete taint?.timeAdded;
    stampTaint(taint, now);
  },

  validate: ({ spec }, errors) => validateSpec(spec, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) => validateSpec(spec, previous.spec, errors.at("spec")),

  columns: [
    nameColumn,
    { name: "Key", value: ({ spec }) => spec.taint.key },
    { name: "Value", value: ({ spec }) => spec.taint.value ?? "" },
    { name: "Effect", value: ({ spec }) => spec.taint.effect },
    {
      name: "TimeAdded",
      value: ({ spec }, now) => (spec.taint.timeAdded ? ageOf(spec.taint.timeAdded, now) : ""),
    },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate({ status }, _previous, errors) {
        const conditions = status?.conditions ?? [];
        const at = errors.at("status").at("conditions");
        validateConditions(conditions, at);
        if (conditions.length > MAX_CONDITIONS) at.tooMany(conditions.length, MAX_CONDITIONS);
      },
    },
  },
});

export const deviceTaintRuleV1beta2 = inVersion<DeviceTaintRuleV1beta2, DeviceTaintRule>(
  deviceTaintRule,
  "v1beta2",
  { schema: "io.k8s.api.resource.v1beta2.DeviceTaintRule" },
);

function validateSpec(
  { deviceSelector, taint }: DeviceTaintRuleSpec,
  previous: DeviceTaintRuleSpec | undefined,
  errors: FieldErrors,
): void {
  const at = errors.at("deviceSelector");
  const { driver, pool, device } = deviceSelector ?? {};
  if (driver != null) validateDriverName(driver, at.at("driver"));
  if (pool != null) checkPoolName(pool, at.at("pool"));
  if (device != null) checkLabel(device, at.at("device"));
  validateDeviceTaint(taint, errors.at("taint"), previous?.taint);
}
