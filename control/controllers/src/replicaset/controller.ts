/**
 * ReplicaSet: keeps so many pods of one template alive. Rolling over to a new template is the Deployment's business.
 */

import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { replicaKeeper } from "../replicas/keeper.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";

export const replicaSetController = replicaKeeper({
  name: "replicaset",
  resource: replicaSet,
  selectorOf: ({ spec }) => selectorOf(spec!.selector),
  countsTerminating: true,
});
