/** What is known of Node in this process, under the names of its usual Prometheus client: where others show Go's runtime. Read when somebody looks. */

import type { Metrics } from "@knarr/std/metrics.ts";

export function runtimeMetrics(metrics: Metrics): void {
  const figure = (name: string, help: string, value: () => number): void =>
    metrics.read({ name: `nodejs_${name}`, help }, () => [[value()]]);
  figure("heap_size_total_bytes", "Bytes of V8's heap.", () => process.memoryUsage().heapTotal);
  figure("heap_size_used_bytes", "Bytes of V8's heap that are used.", () => process.memoryUsage().heapUsed);
  figure("external_memory_bytes", "Bytes outside of V8's heap.", () => process.memoryUsage().external);
  figure(
    "eventloop_utilization",
    "Part of the time since the figures were last read that the event loop was at work.",
    utilization(),
  );
  const { version } = process;
  const [major = "", minor = "", patch = ""] = version.slice(1).split(".");
  metrics.read(
    {
      name: "nodejs_version_info",
      help: "Which Node this is.",
      labels: ["version", "major", "minor", "patch"],
    },
    () => [[1, version, major, minor, patch]],
  );
}

function utilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
