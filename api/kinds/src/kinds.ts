/**
 * Every kind this server is built with: the list of groups, and how to find a kind in it.
 *
 * Custom resources are not here; the API server keeps its own registry, which starts from this list.
 */

import {
  admissionregistration,
  admissionregistrationV1alpha1,
  admissionregistrationV1beta1,
} from "./admissionregistration/group.ts";
import { apiextensions } from "./apiextensions/group.ts";
import { apiregistration } from "./apiregistration/group.ts";
import { core } from "./core/group.ts";
import { events } from "./events/group.ts";
import { coordination, coordinationV1alpha2, coordinationV1beta1 } from "./coordination/group.ts";
import { discovery } from "./discovery/group.ts";
import { apps } from "./apps/group.ts";
import { rbac } from "./rbac/group.ts";
import { scheduling, schedulingV1alpha2 } from "./scheduling/group.ts";
import { authentication } from "./authentication/group.ts";
import { authorization } from "./authorization/group.ts";
import { autoscaling, autoscalingV2 } from "./autoscaling/group.ts";
import { batch } from "./batch/group.ts";
import { policy } from "./policy/group.ts";
import { flowcontrol } from "./flowcontrol/group.ts";
import { networking, networkingV1beta1 } from "./networking/group.ts";
import { node } from "./node/group.ts";
import { apiserverinternal } from "./apiserverinternal/group.ts";
import { storagemigration } from "./storagemigration/group.ts";
import { storage, storageV1beta1 } from "./storage/group.ts";
import { resource, resourceV1alpha3, resourceV1beta1, resourceV1beta2 } from "./resource/group.ts";
import { certificates, certificatesV1alpha1, certificatesV1beta1 } from "./certificates/group.ts";
import { byPriority } from "./priorities.ts";
import type { Group } from "./group.ts";
import type { Resource } from "./resource.ts";

/** In the order of upstream's discovery, whatever the order here; those that are off by default too. */
export const groups: readonly Group[] = [
  apiextensions,
  apiregistration,
  core,
  apps,
  events,
  authentication,
  authorization,
  autoscalingV2,
  autoscaling,
  batch,
  policy,
  rbac,
  scheduling,
  schedulingV1alpha2,
  coordination,
  coordinationV1beta1,
  coordinationV1alpha2,
  apiserverinternal,
  storagemigration,
  discovery,
  flowcontrol,
  networking,
  networkingV1beta1,
  node,
  storage,
  storageV1beta1,
  admissionregistration,
  admissionregistrationV1beta1,
  admissionregistrationV1alpha1,
  resource,
  resourceV1beta2,
  resourceV1beta1,
  resourceV1alpha3,
  certificates,
  certificatesV1beta1,
  certificatesV1alpha1,
].toSorted(byPriority);

/** Every resource that has a path of its own. */
export const resources: readonly Resource<any>[] = groups.flatMap((group) => group.resources);

const byPlural = new Map(
  resources.map((resource) => [identity(resource.group, resource.version, resource.plural), resource]),
);
const byKind = new Map(
  groups
    .flatMap((group) => [...group.resources, ...(group.bodies ?? [])])
    .map((resource) => [identity(resource.group, resource.version, resource.kind), resource]),
);

/** `resourceFor("apps", "v1", "deployments")` */
export function resourceFor(group: string, version: string, plural: string): Resource<any> | undefined {
  return byPlural.get(identity(group, version, plural));
}

/** `resourceForKind("apps", "v1", "Deployment")`; finds bodies of subresources (Scale, Eviction) too. */
export function resourceForKind(group: string, version: string, kind: string): Resource<any> | undefined {
  return byKind.get(identity(group, version, kind));
}

function identity(group: string, version: string, name: string): string {
  return `${group}/${version}/${name}`;
}
