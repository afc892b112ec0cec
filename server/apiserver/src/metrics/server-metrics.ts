/** What is known of the server as a whole: looked up when somebody asks for the figures. */

import type { Counter, Metrics } from "@knarr/std/metrics.ts";
import type { Parts } from "../pipeline/parts.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { isStored } from "../registry/registry.ts";
import { processMetrics } from "./process-metrics.ts";
import { objectMetrics } from "./store-metrics.ts";

export function watchEventsOf(metrics: Metrics): Counter {
  const labels = ["group", "version", "resource"];
  return metrics.counter("apiserver_watch_events_total", "Events sent to watchers.", labels);
}

export function showState(
  metrics: Metrics,
  { pipeline, caches, registry }: { pipeline: Pipeline } & Pick<Parts, "caches" | "registry">,
): void {
  processMetrics(metrics);
  const help = "Requests that are worked on now and will come to an end.";
  metrics.read({ name: "apiserver_current_inflight_requests", help, labels: ["request_kind"] }, () =>
    Object.entries(pipeline.inFlight).map(([kind, count]) => [count, kind]),
  );
  objectMetrics(metrics, () => {
    const kinds = registry.groups.flatMap(({ resources }) => resources).filter(isStored);
    const stored = new Set(kinds.map((resource) => caches.of(resource)));
    return [...stored].map(({ resource: { group, plural }, size }) => ({ group, plural, size }));
  });
}
