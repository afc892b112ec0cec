/**
 * Which kinds have hooks. A new one is one file beside this one and one line here.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { nodeMetricsHooks, podMetricsHooks } from "../node-metrics/metrics-hooks.ts";
import { NodeSamples } from "../node-metrics/node-samples.ts";
import type { NodeConnections } from "../subresources/node-connections.ts";
import type { Access } from "../access.ts";
import type { Caches } from "../cache/cache.ts";
import { reviews } from "../reviews/reviews.ts";
import { reviewHandler } from "../handlers/review.ts";
import type { ApiServerOptions } from "../options.ts";
import { certificateRequestHooks } from "./certificate-requests.ts";
import type { RegistryHooks } from "./hooks.ts";
import { bind } from "../subresources/binding.ts";
import { componentStatusHooks } from "./component-status/component-status.ts";
import { deviceClaimHooks, deviceClaimTemplateHooks } from "./device-claims.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { OwnNodePorts } from "./service/node-port-allocator.ts";
import { ServiceAddresses } from "./service/service-addresses.ts";
import { ServiceAllocation } from "./service/service-hooks.ts";
import { SharedNodePorts } from "./service/shared-node-ports.ts";
import { namespaceHooks } from "./namespace.ts";
import { definitionHooks } from "../crd/lifecycle/deletion.ts";

export interface HooksContext {
  readonly options: ApiServerOptions;
  readonly caches: Caches;
  readonly access: Access;
  readonly clock: Clock;
  readonly nodes: NodeConnections;
  readonly log: Logger;
}

export interface HooksByKind {
  of(resource: Resource<any>): RegistryHooks<any>;
  /** Which addresses Services take; to be started when the server can reach itself. */
  readonly serviceAddresses: ServiceAddresses;
  /** Which node ports are taken, where several servers take some; to be repaired before Services are made. */
  readonly sharedNodePorts: SharedNodePorts | undefined;
}

export function registryHooks({ access, clock, options, caches, nodes, log }: HooksContext): HooksByKind {
  const { nodePortRange = [30000, 32767] } = options;
  const serviceAddresses = new ServiceAddresses(caches.world);
  const { store } = options;
  const sharedNodePorts = store.isShared ? new SharedNodePorts(nodePortRange, store) : undefined;
  const services = new ServiceAllocation(
    serviceAddresses,
    sharedNodePorts ?? new OwnNodePorts(nodePortRange, caches.world.list(service)),
  );
  const rights = { world: caches.world, authorizer: access.authorization };
  const metrics = { world: caches.world, samples: new NodeSamples({ nodes, clock, log }), clock };
  const hooks = new Map<string, RegistryHooks<any>>([
    ["namespaces", namespaceHooks],
    ["customresourcedefinitions.apiextensions.k8s.io", definitionHooks],
    ["bindings", { answer: bind }],
    ["services", services.hooks],
    ["certificatesigningrequests.certificates.k8s.io", certificateRequestHooks],
    ["resourceclaims.resource.k8s.io", deviceClaimHooks(rights)],
    ["resourceclaimtemplates.resource.k8s.io", deviceClaimTemplateHooks(rights)],
    ["componentstatuses", componentStatusHooks(caches, options.components)],
    ["nodes.metrics.k8s.io", nodeMetricsHooks(metrics)],
    ["pods.metrics.k8s.io", podMetricsHooks(metrics)],
  ]);
  for (const [name, review] of Object.entries(reviews))
    hooks.set(name, { answer: reviewHandler(review, access, clock) });
  return {
    of: ({ group, plural }) => hooks.get(group ? `${plural}.${group}` : plural) ?? {},
    serviceAddresses,
    sharedNodePorts,
  };
}
