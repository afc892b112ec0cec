/** How many of the pods it selects may be away at once when somebody evicts them. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { nameIsPathSegment } from "@knarr/machinery/names.ts";

import type { LabelSelector } from "../../generated/meta.ts";
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from "../../generated/policy-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { internalForm } from "../shared/internal/form.ts";
import { checkNotNegative, checkOneOf } from "../shared/values.ts";
import { checkAtMostHundredPercent, checkIntOrPercent, isSpecChanged } from "../shared/workload.ts";

export const podDisruptionBudget = defineResource<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  schema: "io.k8s.api.policy.v1.PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  shortNames: ["pdb"],
  scope: "Namespaced",
  unconditionalUpdate: false,
  // Upstream looks at the metadata of this kind as at any object's, and no closer.
  name: nameIsPathSegment,
  freeFinalizers: true,
  metadataOnUpdate: [],

  defaults(object) {
    stripOldLabel(object.spec?.selector);
    object.spec ??= {};
  },

  prepareForCreate(object) {
    object.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate: ({ spec }, errors) => validateSpec(spec!, errors.at("spec"), {}),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) =>
    validateSpec(spec!, errors.at("spec"), { invalidValues: hasBadSelector(previous.spec) }),
  generationChanged: isSpecChanged,

  columns: [
    nameColumn,
    { name: "Min Available", value: ({ spec }) => String(spec?.minAvailable ?? "N/A") },
    { name: "Max Unavailable", value: ({ spec }) => String(spec?.maxUnavailable ?? "N/A") },
    { name: "Allowed Disruptions", type: "integer", value: ({ status }) => status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],

  subresources: {
    status: {
      validateUpdate({ status = {} }, _previous, errors) {
        const at = errors.at("status");
        validateConditions(status.conditions, at.at("conditions"));
        for (const field of [
          "disruptionsAllowed",
          "currentHealthy",
          "desiredHealthy",
          "expectedPods",
        ] as const)
          checkNotNegative(at.at(field), status[field]);
      },
    },
  },
});

/** In v1beta1 a label that no pod has made the difference between all pods and none; nobody else may select by it. */
const OLD_LABEL = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

function stripOldLabel(selector: LabelSelector | undefined): void {
  const { matchExpressions: expressions, matchLabels } = selector ?? {};
  if (!expressions?.some(({ key }) => key === OLD_LABEL)) return;
  const selectsNone = expressions.length === 1 && expressions[0]!.operator === "Exists";
  if (selectsNone && !expressions[0]!.values?.length && !Object.keys(matchLabels ?? {}).length) return;
  selector!.matchExpressions = expressions.filter(({ key }) => key !== OLD_LABEL);
}

function validateSpec(
  spec: PodDisruptionBudgetSpec,
  errors: FieldErrors,
  tolerate: { readonly invalidValues?: boolean },
): void {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  if (minAvailable != null && maxUnavailable != null)
    errors.invalid(
      internalForm(spec, "PodDisruptionBudgetSpec"),
      "minAvailable and maxUnavailable cannot be both set",
    );
  checkAmount(errors.at("minAvailable"), minAvailable);
  checkAmount(errors.at("maxUnavailable"), maxUnavailable);
  validateLabelSelector(selector, errors.at("selector"), tolerate);
  checkOneOf(errors.at("unhealthyPodEvictionPolicy"), policy, ["AlwaysAllow", "IfHealthyBudget"]);
}

function checkAmount(errors: FieldErrors, amount: number | string | undefined): void {
  if (amount == null) return;
  checkIntOrPercent(errors, amount);
  checkAtMostHundredPercent(errors, amount);
}

function hasBadSelector(spec: PodDisruptionBudgetSpec | undefined): boolean {
  const errors = new FieldErrors();
  validateLabelSelector(spec?.selector, errors);
  return errors.list.length > 0;
}
