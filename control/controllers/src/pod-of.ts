/** The pod that a workload wants one more of, by its template. */

import type { Pod, PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { prefixOf } from "./names.ts";
import { controlledBy } from "./owners.ts";

/** Named by the server. What it shares with the template must not be changed. */
export function podOf(resource: Resource<any>, owner: ApiObject, { metadata, spec }: PodTemplateSpec): Pod {
  const { labels, annotations, finalizers } = metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: prefixOf(owner.metadata.name!),
      namespace: owner.metadata.namespace!,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controlledBy(resource, owner)],
    },
    spec: spec!,
  };
}
