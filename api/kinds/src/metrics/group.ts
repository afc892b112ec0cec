/**
 * The kinds of metrics.k8s.io/v1beta1, which upstream's server does not have: there a server of its own (metrics-server) brings them. Where that
 * is installed it takes the place of these.
 */

import { defineGroup } from "../group.ts";
import { nodeMetrics } from "./node-metrics.ts";
import { podMetrics } from "./pod-metrics.ts";

export const metrics = defineGroup({
  group: "metrics.k8s.io",
  version: "v1beta1",
  yields: true,
  resources: [nodeMetrics, podMetrics],
});
