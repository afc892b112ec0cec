/** GET /metrics/resource: CPU and memory of the node, its pods and containers as Prometheus reads them, by upstream's names. */

import type { NodeStats } from "./node-stats.ts";

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

type Labels = Readonly<Record<string, string>>;
/** A value with its labels, and when it was read; without, it is as new as the answer. */
type Sample = readonly [labels: Labels, value: number | undefined, time?: number];

export function resourceMetrics({ time, node, pods }: NodeStats): string {
  const ofPods = pods.map(({ pod, usage }) => ({ labels: labelsOf(pod.metadata), usage }));
  const ofContainers = pods.flatMap(({ pod, containers }) =>
    containers.map(({ name, startedAt, usage }) => ({
      labels: { container: name, ...labelsOf(pod.metadata) },
      startedAt,
      usage,
    })),
  );
  const all: readonly (readonly [Metric, readonly Sample[]])[] = [
    [
      gauge("container_start_time_seconds", "When the container was started, in seconds since 1970"),
      ofContainers.map(({ labels, startedAt }) => [labels, startedAt / 1000]),
    ],
    [
      counter("container_cpu_usage_seconds_total", "CPU time that the container has used, in seconds"),
      ofContainers.map(({ labels, usage }) => [labels, usage.cpuNanoseconds / 1e9, time]),
    ],
    [
      gauge("container_memory_working_set_bytes", "Memory that the container holds and needs"),
      ofContainers.map(({ labels, usage }) => [labels, usage.memory.workingSetBytes, time]),
    ],
    [
      gauge("container_swap_usage_bytes", "Swap that the container uses"),
      ofContainers.map(({ labels, usage }) => [labels, usage.swapBytes, time]),
    ],
    [
      counter("node_cpu_usage_seconds_total", "CPU time that the node has used, in seconds"),
      [[{}, node.cpuNanoseconds / 1e9, time]],
    ],
    [
      gauge("node_memory_working_set_bytes", "Memory that the node holds and needs"),
      [[{}, node.memory.workingSetBytes, time]],
    ],
    [gauge("node_swap_usage_bytes", "Swap that the node uses"), [[{}, node.swapBytes, time]]],
    [
      counter("pod_cpu_usage_seconds_total", "CPU time that the pod has used, in seconds"),
      ofPods.map(({ labels, usage }) => [labels, usage && usage.cpuNanoseconds / 1e9, time]),
    ],
    [
      gauge("pod_memory_working_set_bytes", "Memory that the pod holds and needs"),
      ofPods.map(({ labels, usage }) => [labels, usage?.memory.workingSetBytes, time]),
    ],
    [
      gauge("pod_swap_usage_bytes", "Swap that the pod uses"),
      ofPods.map(({ labels, usage }) => [labels, usage?.swapBytes, time]),
    ],
    [gauge("resource_scrape_error", "1 when the figures could not be read, 0 otherwise"), [[{}, 0]]],
  ];
  return all.map(([metric, samples]) => textOf(metric, samples)).join("");
}

function counter(name: string, help: string): Metric {
  return { name, type: "counter", help };
}

function gauge(name: string, help: string): Metric {
  return { name, type: "gauge", help };
}

function labelsOf({ name = "", namespace = "" }: { name?: string; namespace?: string } = {}): Labels {
  return { namespace, pod: name };
}

/** Nothing at all for a metric without values. */
function textOf({ name, type, help }: Metric, samples: readonly Sample[]): string {
  const lines = samples.flatMap(([labels, value, time]) =>
    value === undefined
      ? []
      : `${name}${labelText(labels)} ${value}${time === undefined ? "" : ` ${time}`}\n`,
  );
  return lines.length > 0 ? `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}` : "";
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}
