/**
 * Every controller of the control plane, by name. A new one is a folder with a `controller.ts` beside this file and one line in this list;
 * its caches, queue, workers, back-off and ClusterRole follow from its declaration.
 */

import type { Controller } from "@knarr/client/controller.ts";
import type { Discovered } from "@knarr/client/discovery.ts";
import { bootstrapSignerController } from "./bootstrap-signer/controller.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { endpointSliceMirroringController } from "./endpoint-slice-mirroring/controller.ts";
import { endpointSliceController } from "./endpoint-slice/controller.ts";
import { endpointsController } from "./endpoints/controller.ts";
import { jobController } from "./job/controller.ts";
import { namespaceController } from "./namespace/controller.ts";
import { nodeLifecycleController } from "./node-lifecycle/controller.ts";
import { podGcController } from "./pod-gc/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { replicationControllerController } from "./replication-controller/controller.ts";
import { rootCaController } from "./root-ca/controller.ts";
import { serviceAccountController } from "./service-account/controller.ts";
import { tokenCleanerController } from "./token-cleaner/controller.ts";
import { taintEvictionController } from "./taint-eviction/controller.ts";

/** What some controllers need to know that no object says. */
export interface ControllerSettings {
  /** PEM of the authority that signs the API server's certificate. */
  readonly rootCaPem: string;
  /** Asks the server which kinds it serves. */
  discover(signal: AbortSignal): Promise<Discovered>;
}

export function controllers(settings: ControllerSettings): readonly Controller<any>[] {
  return [
    bootstrapSignerController,
    clusterRoleAggregationController,
    deploymentController,
    endpointsController,
    endpointSliceController,
    endpointSliceMirroringController,
    jobController(),
    namespaceController(settings.discover),
    nodeLifecycleController(),
    podGcController(),
    replicaSetController,
    replicationControllerController,
    rootCaController(settings.rootCaPem),
    serviceAccountController,
    tokenCleanerController,
    taintEvictionController(),
  ];
}
