/** Which nodes a pod wants: node affinity, and nearness to or distance from other pods. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector, validateSelectorValues } from "@knarr/machinery/label-selector-rules.ts";
import { dns1123Label, dns1123Subdomain, qualifiedName } from "@knarr/machinery/names.ts";

import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
} from "../../../generated/core-v1.ts";
import { reject } from "../values.ts";
import type { Tolerated } from "./tolerated.ts";
import { validateMatchLabelKeys } from "./topology-spread.ts";

export function validateAffinity(affinity: Affinity, errors: FieldErrors, tolerated: Tolerated): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) {
    const at = errors.at("nodeAffinity");
    const required = nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    if (required)
      validateNodeSelector(required, at.at("requiredDuringSchedulingIgnoredDuringExecution"), tolerated);
    const preferred = nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    preferred.forEach(({ weight, preference }, i) => {
      const place = at.at("preferredDuringSchedulingIgnoredDuringExecution").at(i);
      validateWeight(weight, place);
      validateNodeSelectorTerm(preference ?? {}, place.at("preference"), { badNodeAffinityValues: true });
    });
  }
  if (podAffinity) validatePodAffinity(podAffinity, errors.at("podAffinity"), tolerated);
  if (podAntiAffinity) validatePodAffinity(podAntiAffinity, errors.at("podAntiAffinity"), tolerated);
}

function validateWeight(weight: number | undefined = 0, errors: FieldErrors): void {
  if (weight < 1 || weight > 100) errors.at("weight").invalid(weight, "must be in the range 1-100");
}

export function validateNodeSelector(
  selector: NodeSelector,
  errors: FieldErrors,
  tolerated: Tolerated,
): void {
  const at = errors.at("nodeSelectorTerms");
  const terms = selector.nodeSelectorTerms ?? [];
  if (!terms.length) at.required("must have at least one node selector term");
  terms.forEach((term, i) => validateNodeSelectorTerm(term, at.at(i), tolerated));
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, errors: FieldErrors, tolerated: Tolerated): void {
  (term.matchExpressions ?? []).forEach((requirement, i) =>
    validateLabelRequirement(requirement, errors.at("matchExpressions").at(i), tolerated),
  );
  (term.matchFields ?? []).forEach((requirement, i) =>
    validateFieldRequirement(requirement, errors.at("matchFields").at(i)),
  );
}

function validateLabelRequirement(
  { key = "", operator = "", values = [] }: NodeSelectorRequirement,
  errors: FieldErrors,
  { badNodeAffinityValues }: Tolerated,
): void {
  const at = errors.at("values");
  switch (operator) {
    case "In":
    case "NotIn":
      if (!values.length) at.required("must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length) at.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    case "Gt":
    case "Lt":
      if (values.length !== 1) at.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      errors.at("operator").invalid(operator, "not a valid selector operator");
  }
  reject(errors.at("key"), key, qualifiedName(key));
  if (!badNodeAffinityValues) validateSelectorValues(values, errors);
}

/** The only field of a node that can be selected is its name. */
function validateFieldRequirement(
  { key = "", operator = "", values = [] }: NodeSelectorRequirement,
  errors: FieldErrors,
): void {
  if (operator !== "In" && operator !== "NotIn")
    errors.at("operator").invalid(operator, "not a valid selector operator");
  else if (values.length !== 1)
    errors
      .at("values")
      .required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  if (key !== "metadata.name") errors.at("key").invalid(key, "not a valid field selector key");
  else values.forEach((value, i) => reject(errors.at("values").at(i), value, dns1123Subdomain(value)));
}

function validatePodAffinity(side: PodAffinity, errors: FieldErrors, tolerated: Tolerated): void {
  const required = side.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  required.forEach((term, i) =>
    validateTerm(term, errors.at("requiredDuringSchedulingIgnoredDuringExecution").at(i), tolerated),
  );
  const preferred = side.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  preferred.forEach(({ weight, podAffinityTerm }, i) => {
    const at = errors.at("preferredDuringSchedulingIgnoredDuringExecution").at(i);
    validateWeight(weight, at);
    validateTerm(podAffinityTerm ?? { topologyKey: "" }, at.at("podAffinityTerm"), tolerated);
  });
}

/** Both kinds, required or preferred. */
export function podAffinityTerms({ affinity }: PodSpec): readonly PodAffinityTerm[] {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => term.podAffinityTerm),
  ]);
}

function validateTerm(term: PodAffinityTerm, errors: FieldErrors, tolerated: Tolerated): void {
  const values = { invalidValues: tolerated.badAffinitySelectorValues ?? false };
  validateLabelSelector(term.labelSelector, errors.at("labelSelector"), values);
  validateLabelSelector(term.namespaceSelector, errors.at("namespaceSelector"), values);
  for (const namespace of term.namespaces ?? [])
    reject(errors.at("namespace"), namespace, dns1123Label(namespace));
  validateMatchLabelKeys(term, errors);
  const { topologyKey = "" } = term;
  if (!topologyKey) errors.at("topologyKey").required("can not be empty");
  reject(errors.at("topologyKey"), topologyKey, qualifiedName(topologyKey));
}
