/** How many requests of one priority are served at once, and what becomes of those that are too many. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from "../../generated/flowcontrol-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateConditionTypes } from "../shared/flowcontrol/conditions.ts";
import { mandatoryPriorityLevels } from "../shared/flowcontrol/mandatory.ts";
import { internalForm } from "../shared/internal/form.ts";
import { keepMetadata } from "../shared/status.ts";

const EXEMPT = "exempt";
/** Of v1beta3 alone: how it told a zero from nothing. */
const KEEPS_ZERO = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";
const MAX_QUEUES = 10_000_000;
/** What the hash of a flow has, to deal it a hand of queues. */
const MAX_HASH_BITS = 60;

export const priorityLevelConfiguration = defineResource<PriorityLevelConfiguration>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "PriorityLevelConfiguration",
  schema: "io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration",
  plural: "prioritylevelconfigurations",
  scope: "Cluster",
  metadataOnUpdate: ["whole"],
  hasGeneration: true,

  defaults({ spec }) {
    if (spec?.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    if (!spec?.limited) return;
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const { queuing } = spec.limited.limitResponse ?? {};
    if (!queuing) return;
    queuing.handSize ||= 8;
    queuing.queues ||= 64;
    queuing.queueLengthLimit ||= 50;
  },

  validate({ metadata, spec = { type: "" }, status }, errors) {
    const { name = "", annotations = {} } = metadata;
    if (KEEPS_ZERO in annotations)
      errors.at("metadata").at("annotations").forbidden(`annotation '${KEEPS_ZERO}' is forbidden`);
    validateSpec(name, spec, errors.at("spec"));
    checkMandatory(name, spec, errors.at("spec"));
    validateConditionTypes(status?.conditions, errors.at("status").at("conditions"));
  },

  columns: [
    nameColumn,
    { name: "Type", value: ({ spec }) => spec?.type ?? "" },
    {
      name: "NominalConcurrencyShares",
      value: ({ spec }) => (spec?.limited ? (spec.limited.nominalConcurrencyShares ?? 0) : "<none>"),
    },
    { name: "Queues", value: (object) => queuingOf(object)?.queues ?? "<none>" },
    { name: "HandSize", value: (object) => queuingOf(object)?.handSize ?? "<none>" },
    { name: "QueueLengthLimit", value: (object) => queuingOf(object)?.queueLengthLimit ?? "<none>" },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate: ({ status }, _previous, errors) =>
        validateConditionTypes(status?.conditions, errors.at("status").at("conditions")),
    },
  },
});

function queuingOf({ spec }: PriorityLevelConfiguration): QueuingConfiguration | undefined {
  return spec?.limited?.limitResponse?.queuing;
}

function validateSpec(name: string, spec: PriorityLevelConfigurationSpec, errors: FieldErrors): void {
  const { type = "", limited, exempt } = spec;
  if ((name === EXEMPT) !== (type === "Exempt"))
    errors.at("type").invalid(type, "must be 'Exempt' if and only if `name` is 'exempt'");
  if (type === "Exempt") {
    if (limited) errors.at("limited").forbidden("must be nil if the type is not Limited");
    if (exempt) validateExempt(exempt, errors.at("exempt"));
  } else if (type === "Limited") {
    if (exempt) errors.at("exempt").forbidden("must be nil if the type is Limited");
    if (limited) validateLimited(limited, errors.at("limited"));
    else errors.at("limited").required("must not be empty when type is Limited");
  } else if (type) errors.at("type").notSupported(type, ["Exempt", "Limited"]);
  else errors.at("type").required();
}

/** What every server relies on stays as it is, but for the shares of the exempt level. */
function checkMandatory(name: string, spec: PriorityLevelConfigurationSpec, errors: FieldErrors): void {
  const mandatory = mandatoryPriorityLevels.get(name);
  if (!mandatory) return;
  const fixed = name === EXEMPT ? { ...spec, exempt: mandatory.exempt } : spec;
  if (semanticEqual(fixed, mandatory)) return;
  const except = name === EXEMPT ? " except the 'spec.exempt' field" : "";
  errors.invalid(
    internalForm(spec, "PriorityLevelConfigurationSpec"),
    `spec of '${name}'${except} must equal the fixed value`,
  );
}

function validateExempt(
  { nominalConcurrencyShares = 0, lendablePercent = 0 }: ExemptPriorityLevelConfiguration,
  errors: FieldErrors,
): void {
  if (nominalConcurrencyShares < 0)
    errors.at("nominalConcurrencyShares").invalid(nominalConcurrencyShares, "must be a non-negative integer");
  checkLendable(lendablePercent, errors);
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, errors: FieldErrors): void {
  const {
    nominalConcurrencyShares = 0,
    limitResponse = { type: "" },
    lendablePercent = 0,
    borrowingLimitPercent = 0,
  } = limited;
  if (nominalConcurrencyShares < 0)
    errors.at("nominalConcurrencyShares").invalid(nominalConcurrencyShares, "must be a non-negative integer");
  validateLimitResponse(limitResponse, errors.at("limitResponse"));
  checkLendable(lendablePercent, errors);
  if (borrowingLimitPercent < 0)
    errors
      .at("borrowingLimitPercent")
      .invalid(borrowingLimitPercent, "if specified, must be a non-negative integer");
}

function checkLendable(percent: number, errors: FieldErrors): void {
  if (percent < 0 || percent > 100)
    errors.at("lendablePercent").invalid(percent, "must be between 0 and 100, inclusive");
}

function validateLimitResponse({ type = "", queuing }: LimitResponse, errors: FieldErrors): void {
  const at = errors.at("queuing");
  if (type === "Reject") {
    if (queuing) at.forbidden("must be nil if limited.limitResponse.type is not Limited");
  } else if (type === "Queue") {
    if (queuing) validateQueuing(queuing, at);
    else at.required("must not be empty if limited.limitResponse.type is Limited");
  } else if (type) errors.at("type").notSupported(type, ["Queue", "Reject"]);
  else errors.at("type").required();
}

function validateQueuing(
  { queueLengthLimit = 0, queues = 0, handSize = 0 }: QueuingConfiguration,
  errors: FieldErrors,
): void {
  if (queueLengthLimit <= 0) errors.at("queueLengthLimit").invalid(queueLengthLimit, "must be positive");
  if (queues <= 0) errors.at("queues").invalid(queues, "must be positive");
  else if (queues > MAX_QUEUES) errors.at("queues").invalid(queues, `must not be greater than ${MAX_QUEUES}`);
  const at = errors.at("handSize");
  if (handSize <= 0) at.invalid(handSize, "must be positive");
  else if (handSize > queues) at.invalid(handSize, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > MAX_HASH_BITS)
    at.invalid(
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`,
    );
}
