/**
 * What the rules of one part of a pod spec need to know of the rest, and what they must let pass because the object
 * had it before: rules became stricter over the years, and an update must not fail for what it did not change.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Container, PodSpec, Volume } from "../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../generated/meta.ts";
import type { Tolerated } from "./tolerated.ts";

export interface PodContext {
  readonly spec: PodSpec;
  /** Of the pod itself; pod templates have none. */
  readonly meta?: ObjectMeta;
  /** A pod, not a template: a few rules wait until the pod is made. */
  readonly isPod: boolean;
  readonly tolerated: Tolerated;
  /** False when the pod has a user namespace of its own. */
  readonly hostUsers: boolean;
  /** Names of `spec.resourceClaims`. */
  readonly claims: ReadonlySet<string>;
  /** Volumes without a fault, by name: only they can be mounted. Filled by the volume rules, which run first. */
  readonly volumes: Map<string, Volume>;
}

export function podContext(
  spec: PodSpec,
  { meta, isPod, tolerated }: Pick<PodContext, "isPod" | "tolerated"> & { readonly meta?: ObjectMeta },
): PodContext {
  return {
    spec,
    ...(meta && { meta }),
    isPod,
    tolerated,
    hostUsers: spec.hostUsers ?? true,
    claims: new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter(Boolean)),
    volumes: new Map(),
  };
}

/** Every container with its place in the order upstream goes through them: init, regular, ephemeral. */
export function eachContainer(
  spec: PodSpec,
  errors: FieldErrors,
  visit: (container: Container, errors: FieldErrors) => void,
): void {
  const visitAll = (containers: readonly Container[] | undefined, field: string): void => {
    if (!containers?.length) return;
    const at = errors.at(field);
    containers.forEach((container, i) => visit(container, at.at(i)));
  };
  visitAll(spec.initContainers, "initContainers");
  visitAll(spec.containers, "containers");
  visitAll(spec.ephemeralContainers as readonly Container[] | undefined, "ephemeralContainers");
}

export function allContainers(spec: PodSpec): readonly Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as readonly Container[]),
  ];
}

export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === "Always";
}
