/** How evenly pods must spread over zones, nodes or other domains. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import type { TopologySpreadConstraint } from "../../../generated/core-v1.ts";
import type { LabelSelector } from "../../../generated/meta.ts";
import { checkOneOf, checkPositive, reject } from "../values.ts";
import type { Tolerated } from "./tolerated.ts";

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  errors: FieldErrors,
  tolerated: Tolerated,
): void {
  constraints.forEach((constraint, i) => {
    const { maxSkew, topologyKey, whenUnsatisfiable = "", minDomains, labelSelector } = constraint;
    const at = errors.at(i);
    checkPositive(at.at("maxSkew"), maxSkew);
    if (!topologyKey) at.at("topologyKey").required("can not be empty");
    checkOneOf(at.at("whenUnsatisfiable"), whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
    const isRepeated = constraints
      .slice(i + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (isRepeated)
      at.at("{topologyKey, whenUnsatisfiable}").duplicate(`{${topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains != null) validateMinDomains(minDomains, whenUnsatisfiable, at.at("minDomains"));
    checkOneOf(at.at("nodeAffinityPolicy"), constraint.nodeAffinityPolicy, ["Honor", "Ignore"]);
    checkOneOf(at.at("nodeTaintsPolicy"), constraint.nodeTaintsPolicy, ["Honor", "Ignore"]);
    if (tolerated.badSpreadLabelKeys) validateKeysOutsideSelector(constraint, at.at("matchLabelKeys"));
    else validateMatchLabelKeys(constraint, at);
    if (!tolerated.badSpreadSelector) validateLabelSelector(labelSelector, at.at("labelSelector"));
  });
}

function validateMinDomains(minDomains: number, whenUnsatisfiable: string, errors: FieldErrors): void {
  checkPositive(errors, minDomains);
  if (whenUnsatisfiable !== "DoNotSchedule")
    errors.invalid(
      minDomains,
      `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
    );
}

interface WithLabelKeys {
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
  readonly labelSelector?: LabelSelector;
}

/**
 * Keys whose values are taken from the pod. The server has merged them into the selector by now, at its end, so a key
 * there a second time was in the selector before.
 */
export function validateMatchLabelKeys(term: WithLabelKeys, errors: FieldErrors): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  if (!matchLabelKeys.length && !mismatchLabelKeys.length) return;
  validateKeys(matchLabelKeys, labelSelector, errors.at("matchLabelKeys"));
  validateKeys(mismatchLabelKeys, labelSelector, errors.at("mismatchLabelKeys"));
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const i = matchLabelKeys.lastIndexOf(key);
    if (i >= 0 && selected.has(key))
      errors.at(i).invalid(key, "exists in both matchLabelKeys and labelSelector");
    selected.add(key);
  }
  matchLabelKeys.forEach((key, i) => {
    if (mismatchLabelKeys.includes(key))
      errors.at("matchLabelKeys").at(i).invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys");
  });
}

function validateKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  errors: FieldErrors,
): void {
  if (!keys.length) return;
  if (!selector) errors.forbidden("must not be specified when labelSelector is not set");
  else keys.forEach((key, i) => reject(errors.at(i), key, qualifiedName(key)));
}

/** The rule before keys were merged into the selector, for constraints that were made under it. */
function validateKeysOutsideSelector(
  { matchLabelKeys = [], labelSelector }: WithLabelKeys,
  errors: FieldErrors,
): void {
  if (!matchLabelKeys.length) return;
  if (!labelSelector) errors.forbidden("must not be specified when labelSelector is not set");
  const expressions = (labelSelector?.matchExpressions ?? []).map(({ key }) => key);
  const selected = new Set([...Object.keys(labelSelector?.matchLabels ?? {}), ...expressions]);
  matchLabelKeys.forEach((key, i) => {
    reject(errors.at(i), key, qualifiedName(key));
    if (selected.has(key)) errors.at(i).invalid(key, "exists in both matchLabelKeys and labelSelector");
  });
}
