/** All rules of a pod spec, in upstream's order: clients see the causes in it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { dns1123Label, dns1123Subdomain, qualifiedName, rangeText } from "@knarr/machinery/names.ts";

import type { PodResourceClaim, PodSchedulingGate, PodSpec } from "../../../generated/core-v1.ts";
import { internalForm } from "../internal/form.ts";
import { reject, requireOneOf } from "../values.ts";
import { validateAffinity } from "./affinity.ts";
import { MIRROR_POD } from "./annotations.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers } from "./containers.ts";
import { eachContainer, type PodContext } from "./context.ts";
import {
  dnsPolicies,
  validateDnsConfig,
  validateHostAliases,
  validateHostnameOverride,
  validateHostnames,
} from "./dns.ts";
import { validateFileKeyVolumes } from "./env.ts";
import { validateHostNetworkPorts } from "./ports.ts";
import { validateOverhead, validatePodLevelResources } from "./resources.ts";
import { validatePodSecurityContext } from "./security.ts";
import { validateTolerations } from "./tolerations.ts";
import { validateTopologySpread } from "./topology-spread.ts";
import { validateVolumes } from "./volumes/volumes.ts";
import { validateHostProcess, validateOs } from "./windows.ts";

const restartPolicies = ["Always", "OnFailure", "Never"];
export const MAX_INT32 = 2147483647;

export function validatePodSpec(errors: FieldErrors, context: PodContext): void {
  const { spec, tolerated } = context;
  if (spec.terminationGracePeriodSeconds == null) errors.at("terminationGracePeriodSeconds").required();
  validateVolumes(spec.volumes ?? [], errors.at("volumes"), context);
  validateResourceClaims(spec.resourceClaims ?? [], errors.at("resourceClaims"), context);
  validateContainers(errors.at("containers"), context);
  validateInitContainers(errors.at("initContainers"), context);
  validateEphemeralContainers(errors.at("ephemeralContainers"), context);
  validatePodLevelResources(errors, context);
  validateHostNetworkPorts(errors, context);
  requireOneOf(errors.at("restartPolicy"), spec.restartPolicy, restartPolicies);
  requireOneOf(errors.at("dnsPolicy"), spec.dnsPolicy, dnsPolicies);
  validateLabels(spec.nodeSelector, errors.at("nodeSelector"));
  validatePodSecurityContext(spec.securityContext, errors.at("securityContext"), context);
  if (spec.affinity) validateAffinity(spec.affinity, errors.at("affinity"), tolerated);
  validateDnsConfig(spec, errors.at("dnsConfig"));
  (spec.readinessGates ?? []).forEach(({ conditionType = "" }, i) =>
    reject(
      errors.at("readinessGates").at(i).at("conditionType"),
      conditionType,
      qualifiedName(conditionType),
    ),
  );
  validateSchedulingGates(spec.schedulingGates ?? [], errors.at("schedulingGates"));
  validateTopologySpread(
    spec.topologySpreadConstraints ?? [],
    errors.at("topologySpreadConstraints"),
    tolerated,
  );
  validateHostProcess(spec, errors);
  validateHostUsers(errors, context);
  validateHostnameOverride(spec, errors);
  validateNames(spec, errors);
  if (spec.tolerations?.length) validateTolerations(spec.tolerations, errors.at("tolerations"), tolerated);
  validateHostAliases(spec.hostAliases ?? [], errors.at("hostAliases"));
  validatePriorityAndRuntime(spec, errors);
  if (spec.overhead) validateOverhead(spec.overhead, errors.at("overhead"), context);
  validateOs(spec, errors);
  validateFileKeyVolumes(spec, errors);
}

function validateNames(spec: PodSpec, errors: FieldErrors): void {
  const { serviceAccountName: account, nodeName: node, activeDeadlineSeconds: deadline } = spec;
  if (account) reject(errors.at("serviceAccountName"), account, dns1123Subdomain(account));
  if (node) reject(errors.at("nodeName"), node, dns1123Subdomain(node));
  if (deadline != null && (deadline < 1 || deadline > MAX_INT32))
    errors.at("activeDeadlineSeconds").invalid(deadline, rangeText(1, MAX_INT32));
  validateHostnames(spec, errors);
}

function validatePriorityAndRuntime(spec: PodSpec, errors: FieldErrors): void {
  const { priorityClassName: priority, runtimeClassName: runtime, preemptionPolicy } = spec;
  if (priority) reject(errors.at("priorityClassName"), priority, dns1123Subdomain(priority));
  if (runtime != null) reject(errors.at("runtimeClassName"), runtime, dns1123Subdomain(runtime));
  if (preemptionPolicy != null)
    requireOneOf(errors.at("preemptionPolicy"), preemptionPolicy, ["PreemptLowerPriority", "Never"]);
}

function validateSchedulingGates(gates: readonly PodSchedulingGate[], errors: FieldErrors): void {
  const seen = new Set<string>();
  gates.forEach(({ name = "" }, i) => {
    reject(errors.at(i), name, qualifiedName(name));
    if (seen.has(name)) errors.at(i).duplicate(name);
    seen.add(name);
  });
}

function validateResourceClaims(
  claims: readonly PodResourceClaim[],
  errors: FieldErrors,
  { meta }: PodContext,
): void {
  const names = new Set<string>();
  claims.forEach((claim, i) => {
    const { name, resourceClaimName: existing, resourceClaimTemplateName: template } = claim;
    const at = errors.at(i);
    if (meta?.annotations?.[MIRROR_POD] !== undefined) {
      at.forbidden("static pods do not support resource claims");
      return;
    }
    if (!name) at.at("name").required();
    else if (names.has(name)) at.at("name").duplicate(name);
    else reject(at.at("name"), name, dns1123Label(name));
    names.add(name);
    const form = (): unknown => internalForm(claim, "PodResourceClaim");
    if (existing != null && template != null)
      at.invalid(
        form(),
        "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
      );
    if (existing == null && template == null)
      at.invalid(form(), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    if (existing != null) reject(at.at("resourceClaimName"), existing, dns1123Subdomain(existing));
    if (template != null) reject(at.at("resourceClaimTemplateName"), template, dns1123Subdomain(template));
  });
}

/** Without the host's user ids a pod cannot share the host's other namespaces. */
function validateHostUsers(errors: FieldErrors, { spec, tolerated }: PodContext): void {
  if (spec.hostUsers !== false) return;
  const WHY = "when `hostUsers` is false";
  if (spec.hostNetwork && !tolerated.hostNetworkWithUserNamespace) errors.at("hostNetwork").forbidden(WHY);
  if (spec.hostPID) errors.at("HostPID").forbidden(WHY);
  if (spec.hostIPC) errors.at("HostIPC").forbidden(WHY);
  if (!tolerated.devicesWithUserNamespace)
    eachContainer(spec, errors, ({ volumeDevices }, at) => {
      if (volumeDevices?.length) at.at("volumeDevices").forbidden(WHY);
    });
}
