/** What a node used of CPU and memory in the moments before it was asked. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { defineResource } from "../resource.ts";
import { nameColumn } from "../shared/columns.ts";
import { publishedMetrics, text, type Usage, usageSchema } from "../shared/usage.ts";

export interface NodeMetrics extends ApiObject {
  /** When the window ended. */
  readonly timestamp: string;
  /** Over how long CPU was measured: a Go duration. */
  readonly window: string;
  readonly usage: Usage;
}

export const nodeMetrics = defineResource<NodeMetrics>({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "NodeMetrics",
  plural: "nodes",
  singular: "",
  scope: "Cluster",
  verbs: ["get", "list"],
  isComputed: true,
  ...publishedMetrics({
    kind: "NodeMetrics",
    plural: "nodes",
    namespaced: false,
    fields: { timestamp: text("date-time"), window: text("duration"), usage: usageSchema },
  }),

  columns: [
    nameColumn,
    { name: "cpu", format: "quantity", value: ({ usage }) => usage.cpu },
    { name: "memory", format: "quantity", value: ({ usage }) => usage.memory },
    { name: "Window", format: "duration", value: ({ window }) => window },
  ],
});
