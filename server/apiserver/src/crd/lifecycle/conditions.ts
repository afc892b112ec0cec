/** What a definition's status says of it: its names, whether it is served, whether its schema and its group are as they must be. */

import { approvalOf, isProtectedGroup, type ApprovalState } from "@knarr/kinds/shared/crd/approval.ts";
import { caBundleProblem } from "@knarr/kinds/shared/crd/ca-bundle.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { structuralErrors, structuralProblem } from "@knarr/structural/structural-errors.ts";
import { conditionOf, isTrue, type Condition, type Definition } from "../definition.ts";
import { namingOf } from "./names.ts";

/** Without the time, which is that of the change. */
export type State = Omit<Condition, "lastTransitionTime">;

/** The definition with the status that it ought to have now; the same one when it has it. `group` are all definitions of its group. */
export function judged(definition: Definition, group: readonly Definition[], now: string): Definition {
  const { spec, status } = definition;
  let next = definition;
  if (!semanticEqual(spec.names, status?.acceptedNames)) {
    const { accepted, conflict } = namingOf(definition, group);
    if (!semanticEqual(accepted, status?.acceptedNames))
      next = { ...next, status: { ...next.status, acceptedNames: accepted } };
    next = withCondition(next, acceptance(conflict), now);
  }
  next = withCondition(next, establishment(next), now);
  const shape = structureOf(next);
  next = shape ? withCondition(next, shape, now) : withoutCondition(next, "NonStructuralSchema");
  const approval = approvalState(next);
  return approval ? withCondition(next, approval, now) : next;
}

/** `definition` with that condition; the same one when it has it. */
export function withCondition(definition: Definition, state: State, now: string): Definition {
  const conditions = definition.status?.conditions ?? [];
  const before = conditionOf(definition, state.type);
  const { type, status, reason, message } = state;
  if (before && before.status === status && before.reason === reason && before.message === message)
    return definition;
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const condition: Condition = {
    lastTransitionTime,
    ...(message && { message }),
    ...(reason && { reason }),
    status,
    type,
  };
  const list = before
    ? conditions.map((other) => (other === before ? condition : other))
    : [...conditions, condition];
  return { ...definition, status: { ...definition.status, conditions: list } };
}

function withoutCondition(definition: Definition, type: string): Definition {
  if (!conditionOf(definition, type)) return definition;
  const conditions = definition.status!.conditions!.filter((condition) => condition.type !== type);
  return { ...definition, status: { ...definition.status, conditions } };
}

function acceptance(conflict: ReturnType<typeof namingOf>["conflict"]): State {
  return conflict
    ? { type: "NamesAccepted", status: "False", ...conflict }
    : { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" };
}

/** Once established, always established. */
function establishment(definition: Definition): State {
  const type = "Established";
  const before = conditionOf(definition, type);
  if (before?.status === "True") return before;
  if (!isTrue(definition, "NamesAccepted"))
    return before ?? { type, status: "False", reason: "NotAccepted", message: "not all names are accepted" };
  const bundle = definition.spec.conversion?.webhook?.clientConfig?.caBundle;
  if (bundle && caBundleProblem(bundle) !== undefined)
    return {
      ...{ type, status: "False", reason: "InvalidCABundle" },
      message: "The conversion webhook CABundle is invalid",
    };
  return {
    ...{ type, status: "True", reason: "InitialNamesAccepted" },
    message: "the initial names have been accepted",
  };
}

/** Undefined when all is well. Only definitions from before v1 can have schemas that are not structural. */
function structureOf({ spec }: Definition): State | undefined {
  const type = "NonStructuralSchema";
  const errors = new FieldErrors();
  if (spec.preserveUnknownFields)
    errors.at("spec").at("preserveUnknownFields").invalid(true, "must be false");
  for (const [index, { name, schema }] of spec.versions.entries()) {
    const props = schema?.openAPIV3Schema as Parameters<typeof structuralProblem>[0] | undefined;
    if (!props) continue;
    const problem = structuralProblem(props);
    if (problem) {
      const message = `failed to check validation schema for version ${name}: ${problem}`;
      return { type, status: "Unknown", reason: "StructuralError", message };
    }
    structuralErrors(props, errors.at("spec").at("versions").at(index).at("schema").at("openAPIV3Schema"));
  }
  const found = [...new Set(errors.list.map(({ field, message }) => `${field}: ${message}`))];
  if (found.length === 0) return undefined;
  const message = found.length === 1 ? found[0]! : `[${found.join(", ")}]`;
  return { type, status: "True", reason: "Violations", message };
}

const approvals: Readonly<Record<ApprovalState, readonly [status: string, reason: string]>> = {
  missing: ["False", "MissingAnnotation"],
  bypassed: ["False", "UnapprovedAnnotation"],
  approved: ["True", "ApprovedAnnotation"],
  invalid: ["False", "InvalidAnnotation"],
};

/** For groups of Kubernetes' own community. */
function approvalState(definition: Definition): State | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason: message } = approvalOf(definition);
  const [status, reason] = approvals[state];
  return { type: "KubernetesAPIApprovalPolicyConformant", status, reason, message };
}
