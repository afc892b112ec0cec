/** Rules in CEL that requests must keep where a binding says so. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
} from "../../generated/admissionregistration-v1.ts";
import { JsonPath } from "@knarr/machinery/json-path/json-path.ts";
import { defineResource } from "../resource.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { paramKindText } from "../shared/admission/params.ts";
import { defaultPolicy, validatePolicyConditions, validateScope } from "../shared/admission/policies.ts";
import { validateValidations } from "../shared/admission/validations.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { keepMetadata } from "../shared/status.ts";

type Policy = ValidatingAdmissionPolicy;

export const validatingAdmissionPolicy = defineResource<Policy>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  schema: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults(object) {
    defaultPolicy((object.spec ??= {}));
  },

  validate: (object, errors) => validateSpec(object, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: (object, previous, errors) => validateSpec(object, previous, errors.at("spec")),
  warnings: reservedNameWarnings,

  columns: [
    nameColumn,
    { name: "Validations", type: "integer", value: ({ spec }) => spec?.validations?.length ?? 0 },
    { name: "ParamKind", value: ({ spec }) => paramKindText(spec?.paramKind) },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate({ status = {} }, _previous, errors) {
        const at = errors.at("status");
        const warnings = at.at("typeChecking").at("expressionWarnings");
        (status.typeChecking?.expressionWarnings ?? []).forEach((warning, i) =>
          validateWarning(warning, warnings.at(i)),
        );
        validateConditions(status.conditions, at.at("conditions"));
      },
    },
  },
});

function validateSpec(
  { metadata, spec = {} }: Policy,
  previous: Policy | undefined,
  errors: FieldErrors,
): void {
  const before = previous && (previous.spec ?? {});
  validateScope(spec, errors);
  validatePolicyConditions(spec, before, errors);
  validateValidations(metadata.name, spec, before, errors);
}

function validateWarning({ warning, fieldRef = "" }: ExpressionWarning, errors: FieldErrors): void {
  if (!warning) errors.at("warning").required();
  const path = fieldRef.trim();
  if (path === "") return errors.at("fieldRef").required();
  try {
    new JsonPath(/^\w/.test(path) ? `.${path}` : path);
  } catch (err) {
    const { message } = err as SyntaxError;
    if (message.startsWith("unrecognized identifier")) return; // what it leads to is nobody's concern
    errors.at("fieldRef").invalid(path, `invalid JSONPath: ${message}`);
  }
}
