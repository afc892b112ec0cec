/** The subresources of Pod that write a part of its spec: `ephemeralcontainers` (debugging) and `resize`. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

import type { Container, Pod, PodSpec, ResourceRequirements } from "../../../generated/core-v1.ts";
import type { StatusSubresource } from "../../resource.ts";
import { equivalent } from "../equality.ts";
import { jsonDiff } from "../internal/diff.ts";
import { internalForm } from "../internal/form.ts";
import { keepMetadata } from "../status.ts";
import { MIRROR_POD, validatePodAnnotationsUpdate } from "./annotations.ts";
import { isSidecar } from "./context.ts";
import { dropDisabledFields } from "./dropped.ts";
import { qosClassOf } from "./qos.ts";
import { toleratedSince } from "./tolerated.ts";
import { contextOf, validatePodObject } from "./validate.ts";

export const ephemeralContainers: StatusSubresource<Pod> = {
  prepareForUpdate(pod, previous) {
    const added = pod.spec?.ephemeralContainers;
    putBack(pod, previous);
    if (added) pod.spec!.ephemeralContainers = added;
    else delete pod.spec!.ephemeralContainers;
    dropDisabledFields(pod.spec!, previous.spec);
  },

  validateUpdate(pod, previous, errors) {
    if (previous.metadata.annotations?.[MIRROR_POD] !== undefined) {
      errors.forbidden("static pods do not support ephemeral containers");
      return;
    }
    validateWhole(pod, previous, errors);
    const at = errors.at("spec").at("ephemeralContainers");
    for (const old of previous.spec!.ephemeralContainers ?? []) {
      const now = pod.spec!.ephemeralContainers?.find(({ name }) => name === old.name);
      const quoted = JSON.stringify(old.name);
      if (!now) at.forbidden(`existing ephemeral containers ${quoted} may not be removed\n`);
      else if (!equivalent(now, old)) {
        const diff = jsonDiff(
          internalForm(old, "EphemeralContainer"),
          internalForm(now, "EphemeralContainer"),
        );
        at.forbidden(`existing ephemeral containers ${quoted} may not be changed\n${diff}`);
      }
    }
  },
};

export const resize: StatusSubresource<Pod> = {
  prepareForUpdate(pod, previous) {
    const now = pod.spec!;
    const before = previous.spec!;
    const isSameSet = (["containers", "initContainers"] as const).every(
      (list) => (now[list]?.length ?? 0) === (before[list]?.length ?? 0),
    );
    if (isSameSet) {
      putBack(pod, previous);
      pod.spec!.containers = resized(now.containers, before.containers);
      if (now.initContainers)
        pod.spec!.initContainers = resized(now.initContainers, before.initContainers ?? []);
      if (now.resources) pod.spec!.resources = now.resources;
      else delete pod.spec!.resources;
    }
    dropDisabledFields(pod.spec!, before);
  },

  validateUpdate(pod, previous, errors) {
    const before = previous.spec!;
    if (previous.metadata.annotations?.[MIRROR_POD] !== undefined)
      return errors.forbidden("static pods cannot be resized");
    if (before.os?.name === "windows") return errors.forbidden("windows pods cannot be resized");
    validateWhole(pod, previous, errors);
    const at = errors.at("spec");
    if ((previous.status?.qosClass ?? qosClassOf(before)) !== qosClassOf(pod.spec!))
      at.invalid(pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing");
    if (!isResizeSupported(previous)) at.forbidden("Pod running on node without support for resize");
    validatePodLevelResize(pod.spec!, before, at);
    if (!validateSameOrder(pod.spec!, before, at)) return;
    validateContainersResize(pod.spec!, before, at);
    if (!errors.list.length && !equivalent(withoutResources(pod.spec!), withoutResources(before)))
      at.forbidden("only cpu and memory resources are mutable");
  },
};

/** All of the object as it was, but metadata that anybody may write. */
function putBack(pod: Pod, previous: Pod): void {
  pod.spec = { ...previous.spec! };
  if (previous.status) pod.status = previous.status;
  keepMetadata(pod as ApiObject, previous as ApiObject);
}

function validateWhole(pod: Pod, previous: Pod, errors: FieldErrors): void {
  const tolerated = toleratedSince(previous.spec, previous.metadata);
  validatePodObject(pod, errors, contextOf(pod, tolerated));
  const annotations = errors.at("metadata").at("annotations");
  validatePodAnnotationsUpdate(pod, previous, annotations, contextOf(pod, tolerated));
}

/** Takes resources and resize policies from `now`, all else from `before`; renamed containers are left to validation. */
function resized(now: readonly Container[], before: readonly Container[]): Container[] {
  if (now.some(({ name }, i) => name !== before[i]!.name)) return [...now];
  return now.map(({ resources, resizePolicy }, i) => {
    const container = { ...before[i]! };
    if (resources) container.resources = resources;
    else delete container.resources;
    if (resizePolicy) container.resizePolicy = resizePolicy;
    else delete container.resizePolicy;
    return container;
  });
}

/** Nodes that can resize report the resources of running containers. */
function isResizeSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources != null;
}

type Amounts = Readonly<Record<string, string>>;

function isRemoved(now: Amounts = {}, before: Amounts = {}): boolean {
  return Object.keys(before).some((name) => now[name] === undefined);
}

function validateRemovals(
  now: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
  errors: FieldErrors,
  prefix = "",
): void {
  if (isRemoved(now?.requests, before?.requests))
    errors.at("requests").forbidden(`${prefix}resource requests cannot be removed`);
  if (isRemoved(now?.limits, before?.limits))
    errors.at("limits").forbidden(`${prefix}resource limits cannot be removed`);
}

function validatePodLevelResize(
  { resources: now }: PodSpec,
  { resources: before }: PodSpec,
  errors: FieldErrors,
): void {
  if (before && !now) {
    errors.at("resources").forbidden("pod-level resources cannot be removed");
    return;
  }
  if (before) validateRemovals(now, before, errors.at("resources"), "pod-level ");
  if (now && !equivalent(withoutCompute(now), withoutCompute(before ?? {})))
    errors.forbidden("only cpu and memory resources are mutable at pod-level");
}

function withoutCompute({ requests = {}, limits = {}, claims }: ResourceRequirements): unknown {
  const rest = ({ cpu: _cpu, memory: _memory, ...others }: Amounts): Amounts => others;
  return { requests: rest(requests), limits: rest(limits), claims };
}

function validateSameOrder(now: PodSpec, before: PodSpec, errors: FieldErrors): boolean {
  const start = errors.list.length;
  for (const list of ["containers", "initContainers"] as const) {
    const old = before[list] ?? [];
    const current = now[list] ?? [];
    if (current.length !== old.length) {
      errors.at(list).forbidden(`${list} may not be added or removed on resize`);
      continue;
    }
    old.forEach(({ name }, i) => {
      if (current[i]!.name !== name)
        errors.at(list).at(i).at("name").forbidden(`${list} may not be renamed or reordered on resize`);
    });
  }
  return errors.list.length === start;
}

function validateContainersResize(now: PodSpec, before: PodSpec, errors: FieldErrors): void {
  for (const list of ["initContainers", "containers"] as const)
    (before[list] ?? []).forEach(({ resources }, i) =>
      validateRemovals(now[list]![i]!.resources, resources, errors.at(list).at(i).at("resources")),
    );
  now.containers.forEach((container, i) => {
    if (!isOnlyResized(container, before.containers[i]!))
      errors.forbidden("only cpu and memory resources are mutable");
  });
  (now.initContainers ?? []).forEach((container, i) => {
    const old = before.initContainers![i]!;
    const at = errors.at("initContainers").at(i);
    if (!isOnlyResized(container, old))
      at.forbidden("only cpu and memory resources for init or sidecar containers are mutable");
    const restarts = container.resizePolicy?.some(
      ({ restartPolicy }) => restartPolicy === "RestartContainer",
    );
    if (restarts && !isSidecar(container) && !equivalent(container, old))
      at.forbidden("non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
  });
}

/** As upstream: new claims are not looked at, former ones may not be there. */
function isOnlyResized(now: Container, before: Container): boolean {
  const { claims: _claims, ...resources } = now.resources ?? {};
  return equivalent(
    { ...now, resources: withoutCompute(resources) },
    { ...before, resources: withoutCompute(before.resources ?? {}) },
  );
}

function withoutResources(spec: PodSpec): unknown {
  const { containers: _containers, initContainers: _init, resources: _resources, ...rest } = spec;
  return rest;
}
