/**
 * Fields behind feature gates that v1.36 leaves off: what a new object says there is dropped without a word; an object
 * that has it already keeps it.
 *
 * Off in v1.36: ClusterTrustBundleProjection, PodCertificateRequest, GenericWorkload (scheduling groups),
 * ContainerStopSignals, ImageVolumeWithDigest, DRANodeAllocatableResources.
 */

import type { PodSpec, PodStatus, VolumeProjection } from "../../../generated/core-v1.ts";
import { allContainers } from "./context.ts";

export function dropDisabledFields(spec: PodSpec, previous?: PodSpec): void {
  for (const field of ["clusterTrustBundle", "podCertificate"] as const)
    if (!projections(previous).some((source) => source[field]))
      for (const source of projections(spec)) delete source[field];
  if (previous?.schedulingGroup == null) delete spec.schedulingGroup;
  if (!hasStopSignal(previous)) dropStopSignals(spec);
}

export function dropDisabledStatusFields(status: PodStatus, previous?: PodStatus): void {
  if (!previous?.nodeAllocatableResourceClaimStatuses?.length)
    delete status.nodeAllocatableResourceClaimStatuses;
  if (mounts(previous).some(({ volumeStatus }) => volumeStatus)) return;
  for (const mount of mounts(status)) delete mount.volumeStatus;
}

function projections(spec: PodSpec | undefined): readonly VolumeProjection[] {
  return (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
}

function hasStopSignal(spec: PodSpec | undefined): boolean {
  return spec !== undefined && allContainers(spec).some(({ lifecycle }) => lifecycle?.stopSignal != null);
}

function dropStopSignals(spec: PodSpec): void {
  for (const container of allContainers(spec)) {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal == null) continue;
    delete lifecycle.stopSignal;
    if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
  }
}

function mounts(status: PodStatus | undefined) {
  const lists = [
    status?.containerStatuses,
    status?.initContainerStatuses,
    status?.ephemeralContainerStatuses,
  ];
  return lists.flatMap((list) => (list ?? []).flatMap(({ volumeMounts }) => volumeMounts ?? []));
}
