/** The pod that a ReplicaSet wants one more of. */

import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import type { ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { prefixOf } from "../names.ts";
import { controlledBy } from "../owners.ts";

export function podOf(set: ReplicaSet): Pod {
  const { metadata, spec } = set.spec!.template!;
  const { labels, annotations, finalizers } = metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: prefixOf(set.metadata.name!),
      namespace: set.metadata.namespace!,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controlledBy(replicaSet, set)],
    },
    spec: spec!,
  };
}
