/** Which requests to the API are alike, and the priority level that they are served at. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";
import type { FlowSchema, FlowSchemaSpec } from "../../generated/flowcontrol-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { mandatoryFlowSchemas } from "../shared/flowcontrol/mandatory.ts";
import { validateRule } from "../shared/flowcontrol/rules.ts";
import { validateConditionTypes } from "../shared/flowcontrol/conditions.ts";
import { internalForm } from "../shared/internal/form.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

const DEFAULT_PRECEDENCE = 1000;
const MAX_PRECEDENCE = 10_000;
/** The only schema that may come before all others. */
const EXEMPT = "exempt";
const DISTINGUISHERS = ["ByNamespace", "ByUser"];

export const flowSchema = defineResource<FlowSchema>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  schema: "io.k8s.api.flowcontrol.v1.FlowSchema",
  plural: "flowschemas",
  scope: "Cluster",
  metadataOnUpdate: ["whole"],
  hasGeneration: true,

  defaults(object) {
    const spec = (object.spec ??= { priorityLevelConfiguration: { name: "" } });
    spec.matchingPrecedence ||= DEFAULT_PRECEDENCE;
  },

  validate({ metadata, spec, status }, errors) {
    const { name = "" } = metadata;
    const at = errors.at("spec");
    validateSpec(name, spec!, at);
    const mandatory = mandatoryFlowSchemas.get(name);
    if (mandatory && !semanticEqual(spec, mandatory))
      at.invalid(internalForm(spec, "FlowSchemaSpec"), `spec of '${name}' must equal the fixed value`);
    validateConditionTypes(status?.conditions, errors.at("status").at("conditions"));
  },

  columns: [
    nameColumn,
    { name: "PriorityLevel", value: ({ spec }) => spec?.priorityLevelConfiguration.name ?? "" },
    { name: "MatchingPrecedence", value: ({ spec }) => spec?.matchingPrecedence ?? 0 },
    { name: "DistinguisherMethod", value: ({ spec }) => spec?.distinguisherMethod?.type ?? "<none>" },
    ageColumn,
    {
      name: "MissingPL",
      value: ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
    },
  ],
  rowOrder: (a, b) => (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0),

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate: ({ status }, _previous, errors) =>
        validateConditionTypes(status?.conditions, errors.at("status").at("conditions")),
    },
  },
});

function validateSpec(name: string, spec: FlowSchemaSpec, errors: FieldErrors): void {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration } = spec;
  const at = errors.at("matchingPrecedence");
  if (matchingPrecedence <= 0) at.invalid(matchingPrecedence, "must be a positive value");
  if (matchingPrecedence > MAX_PRECEDENCE)
    at.invalid(matchingPrecedence, `must not be greater than ${MAX_PRECEDENCE}`);
  if (matchingPrecedence === 1 && name !== EXEMPT)
    at.invalid(matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  if (distinguisherMethod && !DISTINGUISHERS.includes(distinguisherMethod.type))
    errors
      .at("distinguisherMethod")
      .at("type")
      .notSupported(internalForm(distinguisherMethod, "FlowDistinguisherMethod"), DISTINGUISHERS);
  const level = priorityLevelConfiguration?.name ?? "";
  const levelErrors = errors.at("priorityLevelConfiguration").at("name");
  if (level) reject(levelErrors, level, dns1123Subdomain(level));
  else levelErrors.required("must reference a priority level");
  for (const [index, rule] of (spec.rules ?? []).entries()) validateRule(rule, errors.at("rules").at(index));
}
