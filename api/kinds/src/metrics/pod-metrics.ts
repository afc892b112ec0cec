/** What the containers of a pod used of CPU and memory in the moments before it was asked. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { parseQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import { defineResource } from "../resource.ts";
import { nameColumn } from "../shared/columns.ts";
import { listOf, objectOf, publishedMetrics, text, type Usage, usageSchema } from "../shared/usage.ts";

export interface PodMetrics extends ApiObject {
  /** When the window ended. */
  readonly timestamp: string;
  /** Over how long CPU was measured: a Go duration. */
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

export const podMetrics = defineResource<PodMetrics>({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "PodMetrics",
  plural: "pods",
  singular: "",
  scope: "Namespaced",
  verbs: ["get", "list"],
  isComputed: true,
  ...publishedMetrics({
    kind: "PodMetrics",
    plural: "pods",
    namespaced: true,
    fields: {
      timestamp: text("date-time"),
      window: text("duration"),
      containers: listOf(objectOf({ name: text(), usage: usageSchema })),
    },
  }),

  columns: [
    nameColumn,
    { name: "cpu", format: "quantity", value: (object) => sumOf(object, "cpu") },
    { name: "memory", format: "quantity", value: (object) => sumOf(object, "memory") },
    { name: "Window", format: "duration", value: ({ window }) => window },
  ],
});

function sumOf({ containers }: PodMetrics, resource: keyof Usage): string {
  const amounts = containers.map(({ usage }) => parseQuantity(usage[resource]));
  return amounts.reduce((sum, amount) => sum.plus(amount), Quantity.of(0)).toString();
}
