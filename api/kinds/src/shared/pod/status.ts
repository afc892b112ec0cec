/** What kubelets and controllers may write about a pod. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, qualifiedName, unixId } from "@knarr/machinery/names.ts";
import { ipWarnings, parseIp } from "@knarr/machinery/addresses.ts";

import type { Container, ContainerStatus, Pod, PodCondition, PodSpec } from "../../../generated/core-v1.ts";
import type { StatusSubresource } from "../../resource.ts";
import { internalForm } from "../internal/form.ts";
import { checkAddress, isDualStack } from "../ip.ts";
import { reject } from "../values.ts";
import { validatePodAnnotationsUpdate } from "./annotations.ts";
import { dropDisabledStatusFields } from "./dropped.ts";
import { toleratedSince } from "./tolerated.ts";
import { contextOf } from "./validate.ts";

export const podStatus: StatusSubresource<Pod> = {
  prepareForUpdate(pod, previous) {
    const status = (pod.status ??= {});
    const before = previous.status ?? {};
    delete pod.metadata.deletionTimestamp;
    if (previous.metadata.deletionTimestamp)
      pod.metadata.deletionTimestamp = previous.metadata.deletionTimestamp;
    if (previous.metadata.ownerReferences) pod.metadata.ownerReferences = previous.metadata.ownerReferences;
    else delete pod.metadata.ownerReferences;
    if (before.qosClass) status.qosClass ||= before.qosClass;
    keepObservedGenerations(pod, previous);
    dropDisabledStatusFields(status, before);
  },

  validateUpdate(pod, previous, errors) {
    const { status = {} } = pod;
    const before = previous.status ?? {};
    const context = contextOf(pod, toleratedSince(previous.spec, previous.metadata));
    validatePodAnnotationsUpdate(pod, previous, errors.at("metadata").at("annotations"), context);
    const at = errors.at("status");
    validateConditions(status.conditions ?? [], at.at("conditions"));
    validateNomination(pod, previous, at.at("nominatedNodeName"));
    if ((status.observedGeneration ?? 0) < 0)
      at.at("observedGeneration").invalid(status.observedGeneration, "must be a non-negative integer");
    at.at("qosClass").immutable(status.qosClass ?? "", before.qosClass ?? "");
    validateTransitions(pod, previous, at);
    validateClaims(pod, at);
    validateAddresses(pod, previous, at);
    for (const list of lists)
      (status[list] ?? []).forEach((container, i) => validateUser(container, at.at(list).at(i), pod.spec!));
    validateHealth(status.containerStatuses, pod.spec!.containers, at.at("containerStatuses"));
    validateHealth(status.initContainerStatuses, pod.spec!.initContainers, at.at("initContainerStatuses"));
    (status.ephemeralContainerStatuses ?? []).forEach(({ allocatedResourcesStatus }, i) => {
      if (allocatedResourcesStatus?.length)
        at.at("ephemeralContainerStatuses")
          .at(i)
          .at("allocatedResourcesStatus")
          .forbidden("must not be specified in container status");
    });
  },

  warnings: ({ status }) => [
    ...(status?.podIPs ?? []).flatMap(({ ip }, i) => ipWarnings(`status.podIPs[${i}].ip`, ip)),
    ...(status?.hostIPs ?? []).flatMap(({ ip }, i) => ipWarnings(`status.hostIPs[${i}].ip`, ip)),
  ],
};

const lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] as const;

/** Clients that do not know the field must not wipe it out. */
function keepObservedGenerations({ status }: Pod, previous: Pod): void {
  const before = previous.status ?? {};
  if (before.observedGeneration) status!.observedGeneration ||= before.observedGeneration;
  const rest = [...(before.conditions ?? [])];
  for (const condition of status!.conditions ?? []) {
    const i = rest.findIndex(({ type }) => type === condition.type);
    const [old] = i < 0 ? [] : rest.splice(i, 1);
    if (old?.observedGeneration) condition.observedGeneration ||= old.observedGeneration;
  }
}

const ours = new Set(["PodScheduled", "Ready", "Initialized"]);

function validateConditions(conditions: readonly PodCondition[], errors: FieldErrors): void {
  conditions.forEach(({ type = "", observedGeneration = 0 }, i) => {
    if (observedGeneration < 0)
      errors.at(i).at("observedGeneration").invalid(observedGeneration, "must be a non-negative integer");
    if (!ours.has(type)) reject(errors.at(i).at("Type"), type, qualifiedName(type));
  });
}

function validateNomination(pod: Pod, previous: Pod, errors: FieldErrors): void {
  const name = pod.status?.nominatedNodeName;
  if (!name || name === previous.status?.nominatedNodeName) return;
  reject(errors, name, dns1123Subdomain(name));
  if (previous.spec?.nodeName) errors.forbidden("may not be set on pods that are already bound to a node");
}

/** A container that ended for good stays ended. */
function validateTransitions(pod: Pod, previous: Pod, errors: FieldErrors): void {
  const { spec } = previous;
  const mayAll = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some((container) =>
    container.restartPolicyRules?.some(({ action }) => action === "RestartAllContainers"),
  );
  const declared = {
    containerStatuses: spec?.containers,
    initContainerStatuses: spec?.initContainers,
    ephemeralContainerStatuses: [],
  };
  for (const list of lists) {
    if (mayAll && list !== "ephemeralContainerStatuses") continue;
    (previous.status?.[list] ?? []).forEach(({ name, state }, i) => {
      if (!state?.terminated) return;
      const now = pod.status?.[list]?.find((container) => container.name === name);
      if (!now || now.state?.terminated) return;
      const container = declared[list]?.find((candidate) => candidate.name === name);
      if (!container || !mayRestart(container, spec!, state.terminated.exitCode))
        errors.at(list).at(i).at("state").forbidden("may not be transitioned to non-terminated state");
    });
  }
}

function mayRestart(
  { restartPolicy, restartPolicyRules = [] }: Container,
  spec: PodSpec,
  exitCode: number,
): boolean {
  if (restartPolicy != null) {
    const rule = restartPolicyRules.find(({ exitCodes }) => {
      const isListed = exitCodes?.values?.includes(exitCode) ?? false;
      return exitCodes && (exitCodes.operator === "In" ? isListed : !isListed);
    });
    if (rule) return true;
  }
  const policy = restartPolicy ?? spec.restartPolicy;
  return policy === "Never" ? false : policy === "OnFailure" ? exitCode !== 0 : true;
}

function validateClaims({ spec, status = {} }: Pod, errors: FieldErrors): void {
  const seen = new Set<string>();
  (status.resourceClaimStatuses ?? []).forEach(({ name, resourceClaimName }, i) => {
    const at = errors.at("resourceClaimStatuses").at(i);
    if (!spec?.resourceClaims?.some((claim) => claim.name === name))
      at.at("name").invalid(name ?? "", "must match the name of an entry in `spec.resourceClaims`");
    if (seen.has(name)) at.at("name").duplicate(name);
    seen.add(name);
    if (resourceClaimName != null)
      reject(at.at("resourceClaimName"), resourceClaimName, dns1123Subdomain(resourceClaimName));
  });
  const extended = status.extendedResourceClaimStatus;
  if (!extended) return;
  const at = errors.at("extendedResourceClaimStatus");
  const mappings = extended.requestMappings ?? [];
  if (!mappings.length) at.at("requestMappings").required("at least one request mapping is required");
  mappings.forEach(({ containerName, resourceName, requestName = "" }, i) => {
    const place = at.at("requestMappings").at(i);
    const container = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(
      ({ name }) => name === containerName,
    );
    if (!container)
      place
        .at("containerName")
        .invalid(
          containerName ?? "",
          "must match the name of an entry in spec.initContainers.name or spec.containers.name",
        );
    else if (container.resources?.requests?.[resourceName] === undefined)
      place
        .at("resourceName")
        .invalid(
          resourceName ?? "",
          "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests",
        );
    reject(at.at("requestName"), requestName, dns1123Label(requestName));
  });
  const name = extended.resourceClaimName;
  if (!name) at.at("resourceClaimName").required();
  else reject(at.at("resourceClaimName"), name, dns1123Subdomain(name));
}

function validateAddresses({ status = {} }: Pod, previous: Pod, errors: FieldErrors): void {
  const check = (field: "podIPs" | "hostIPs", type: string): void => {
    const addresses = (status[field] ?? []).map(({ ip }) => ip ?? "");
    const before = (previous.status?.[field] ?? []).map(({ ip }) => ip);
    const at = errors.at(field);
    addresses.forEach((address, i) => checkAddress(at.at(i), address, before));
    if (addresses.length < 2) return;
    const wrong = addresses.findIndex((address) => !parseIp(address));
    if (wrong >= 0)
      at.internal(`failed to check for dual stack with error:invalid IP[${wrong}]: ${addresses[wrong]}`);
    if (wrong >= 0 || !isDualStack(addresses) || addresses.length > 2)
      at.invalid(internalForm(status[field], type), "may specify no more than one IP for each IP family");
  };
  check("podIPs", "[]PodIP");
  const first = status.hostIPs?.[0]?.ip;
  if (first !== undefined && first !== status.hostIP)
    errors.at("hostIPs").at(0).at("ip").invalid(first, "must be equal to `hostIP`");
  check("hostIPs", "[]HostIP");
}

function validateUser({ user }: ContainerStatus, errors: FieldErrors, { os }: PodSpec): void {
  const linux = user?.linux;
  if (!linux) return;
  const at = errors.at("user").at("linux");
  if (os?.name === "windows") return at.forbidden("cannot be set for a windows pod");
  reject(at.at("uid"), linux.uid, unixId(linux.uid));
  reject(at.at("gid"), linux.gid, unixId(linux.gid));
  (linux.supplementalGroups ?? []).forEach((id, i) =>
    reject(at.at("supplementalGroups").at(i), id, unixId(id)),
  );
}

const LONGEST_MESSAGE = 256;

function validateHealth(
  statuses: readonly ContainerStatus[] = [],
  containers: readonly Container[] = [],
  errors: FieldErrors,
): void {
  statuses.forEach(({ name, allocatedResourcesStatus = [] }, i) =>
    allocatedResourcesStatus.forEach((allocated, j) => {
      const at = errors.at(i).at("allocatedResourcesStatus").at(j);
      const container = containers.find((candidate) => candidate.name === name);
      const problem = container && allocationProblem(allocated.name, container);
      if (problem) at.at("name").invalid(allocated.name, problem);
      const seen = new Set<string>();
      (allocated.resources ?? []).forEach(({ resourceID, health = "", message }, k) => {
        const place = at.at("resources").at(k);
        if (!["Healthy", "Unhealthy", "Unknown"].includes(health))
          place.at("health").notSupported(health, ["Healthy", "Unhealthy", "Unknown"]);
        if (message === "") place.at("message").required("must be non-empty if specified");
        else if (message != null && message.length > LONGEST_MESSAGE)
          place.at("message").tooLong(LONGEST_MESSAGE);
        if (seen.has(resourceID)) place.at("resourceID").duplicate(resourceID);
        seen.add(resourceID);
      });
    }),
  );
}

function allocationProblem(resource: string, { resources }: Container): string | undefined {
  if (!resource.startsWith("claim:"))
    return resources?.requests?.[resource] === undefined
      ? "must match one of the container's resource requests"
      : undefined;
  const claims = (resources?.claims ?? []).map(
    ({ name, request }) => `claim:${name}${request ? `/${request}` : ""}`,
  );
  return claims.includes(resource)
    ? undefined
    : "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
}
