/** The rules of nodes: taints, amounts, pod networks, and what may never change. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { parseCidr } from "@knarr/machinery/addresses.ts";
import { labelValue, qualifiedName } from "@knarr/machinery/names.ts";

import type { Node, NodeStatus, Taint } from "../../generated/core-v1.ts";
import { goJson } from "@knarr/machinery/quote.ts";
import { internalForm } from "./internal/form.ts";
import { checkNetwork } from "./ip.ts";
import { checkAmount } from "./resource-name-rules.ts";
import { taintEffects } from "./pod/tolerations.ts";
import { checkOneOf, reject } from "./values.ts";

/** Runs on updates too. Findings about taints stand at metadata: upstream has it so. */
export function validateNode({ spec, status }: Node, errors: FieldErrors): void {
  const metadata = errors.at("metadata");
  validateTaints(spec?.taints ?? [], metadata.at("taints"));
  validateAmounts(status, errors);
  const swap = status?.nodeInfo?.swap?.capacity;
  if (swap != null && swap <= 0)
    metadata.at("nodeSwapStatus").at("capacity").invalid(swap, "must be greater than zero");
  validateDeclaredFeatures(status, errors);
  validatePodNetworks(spec?.podCIDRs ?? [], errors.at("spec").at("podCIDRs"));
}

/** On `/status` alone this is all; otherwise upstream says some of it twice, after `validateNode`. */
export function validateNodeUpdate(node: Node, previous: Node, errors: FieldErrors): void {
  const { spec, status } = node;
  validateAmounts(status, errors);
  validateDeclaredFeatures(status, errors);
  validateAddresses(status, errors.at("status").at("addresses"));
  validateUnchanged(node, previous, errors.at("spec"));
  validateTaints(spec?.taints ?? [], errors.at("metadata").at("taints"));
  if ((spec?.externalID ?? "") !== (previous.spec?.externalID ?? ""))
    errors.at("spec").at("externalID").forbidden("may not be updated");
}

function validateTaints(taints: readonly Taint[], errors: FieldErrors): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const { key = "", value = "", effect = "" } = taint;
    const at = errors.at(i);
    reject(at.at("key"), key, qualifiedName(key));
    const problems = labelValue(value);
    if (problems.length) at.at("value").invalid(value, problems.join(";"));
    if (!effect) at.at("effect").required();
    else checkOneOf(at.at("effect"), effect, taintEffects);
    const identity = `${effect}/${key}`;
    if (seen.has(identity))
      at.add(
        "FieldValueDuplicate",
        `Duplicate value: ${goJson(internalForm(taint, "Taint"))}: taints must be unique by key and effect pair`,
      );
    seen.add(identity);
  });
}

function validateAmounts(status: NodeStatus | undefined, errors: FieldErrors): void {
  for (const list of ["capacity", "allocatable"] as const)
    for (const [name, amount] of Object.entries(status?.[list] ?? {}))
      checkAmount(name, amount, errors.at("status").at(list).at(name));
}

const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const LONGEST_FEATURE = 253;

function validateDeclaredFeatures(status: NodeStatus | undefined, errors: FieldErrors): void {
  const features = status?.declaredFeatures ?? [];
  const at = errors.at("status").at("declaredFeatures");
  features.forEach((feature, i) => {
    const problem = featureProblem(feature);
    if (problem) at.at(i).invalid(feature, `invalid feature name ${JSON.stringify(feature)}: ${problem}`);
    const next = features[i + 1];
    if (next === feature) at.at(i + 1).duplicate(next);
    else if (next !== undefined && feature > next)
      at.at(i + 1).invalid(next, "list must be sorted alphabetically");
  });
}

function featureProblem(feature: string): string | undefined {
  if (feature.length > LONGEST_FEATURE) return `must be no more than ${LONGEST_FEATURE} characters`;
  if (featureName.test(feature)) return undefined;
  return "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
}

function validatePodNetworks(networks: readonly string[], errors: FieldErrors): void {
  networks.forEach((network, i) => checkNetwork(errors.at(i), network));
  if (networks.length < 2) return;
  const lengths = networks.map((network) => parseCidr(network)?.bytes.length);
  const wrong = lengths.indexOf(undefined);
  if (wrong >= 0)
    errors.internal(
      `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${wrong}]: <nil> (invalid CIDR address: ${networks[wrong]})`,
    );
  const isDualStack = wrong < 0 && lengths.includes(4) && lengths.includes(16);
  if (!isDualStack || networks.length > 2)
    errors.invalid(networks, "may specify no more than one CIDR for each IP family");
}

function validateAddresses(status: NodeStatus | undefined, errors: FieldErrors): void {
  const seen = new Set<string>();
  (status?.addresses ?? []).forEach((address, i) => {
    const identity = `${address.type}/${address.address}`;
    if (seen.has(identity)) errors.at(i).duplicate(internalForm(address, "NodeAddress"));
    seen.add(identity);
  });
}

function validateUnchanged({ spec }: Node, { spec: before }: Node, errors: FieldErrors): void {
  const old = before?.podCIDRs ?? [];
  const now = spec?.podCIDRs ?? [];
  const at = errors.at("podCIDRs");
  const WHY = 'node updates may not change podCIDR except from "" to valid';
  if (old.length && old.length !== now.length) at.forbidden(WHY);
  else old.forEach((network, i) => network !== now[i] && at.forbidden(WHY));
  if (before?.providerID && before.providerID !== spec?.providerID)
    errors.at("providerID").forbidden('node updates may not change providerID except from "" to valid');
}
