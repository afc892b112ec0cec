/** PodTopologyLabels: a pod bound to a node gets the node's zone and region as labels, so that it can be told where it is. */

import { node as nodeKind } from "@knarr/kinds/core/node.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";

const LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

export const podTopologyLabels: AdmissionPlugin = {
  name: "PodTopologyLabels",
  handles: ["CREATE"],

  mutate(object, request, world) {
    const isBinding = isFor(request, "", "pods", "binding");
    if (!isBinding && !isFor(request, "", "pods")) return;
    if (isBinding && object.target.kind !== "Node") return;
    const nodeName: string | undefined = isBinding ? object.target.name : object.spec?.nodeName;
    if (!nodeName) return;
    const labels = world.get(nodeKind, nodeName)?.metadata?.labels ?? {};
    const found = LABELS.filter((label) => labels[label] !== undefined);
    if (found.length === 0) return;
    object.metadata.labels = {
      ...object.metadata.labels,
      ...Object.fromEntries(found.map((label) => [label, labels[label]])),
    };
  },
};
