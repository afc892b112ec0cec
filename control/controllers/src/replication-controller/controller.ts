/** ReplicationController: what a ReplicaSet does, for the kind that was there before. */

import { replicationController } from "@knarr/kinds/core/replication-controller.ts";
import { replicaKeeper } from "../replicas/keeper.ts";
import { selectorOfMap } from "@knarr/kinds/shared/stored-selector.ts";

export const replicationControllerController = replicaKeeper({
  name: "replicationcontroller",
  eventSource: "replication-controller",
  resource: replicationController,
  selectorOf: ({ spec }) => selectorOfMap(spec!.selector),
  countsTerminating: false,
});
