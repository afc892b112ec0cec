/** NodeMetrics and PodMetrics: made of what the nodes' agents say, when somebody asks. */

import type { NodeMetrics } from "@knarr/kinds/metrics/node-metrics.ts";
import type { PodMetrics } from "@knarr/kinds/metrics/pod-metrics.ts";
import { node as nodeKind } from "@knarr/kinds/core/node.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { notFound } from "@knarr/machinery/status.ts";
import { formatDuration, formatTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { World } from "../admission/plugin.ts";
import { defineHooks, type RegistryHooks } from "../registry/hooks.ts";
import type { Looks, NodeSamples } from "./node-samples.ts";
import { usedBetween, type Used } from "./usage.ts";

const GROUP = "metrics.k8s.io";
/** Kind and version come first, as in all JSON of this server. */
const typed = (kind: string) => ({ kind, apiVersion: `${GROUP}/v1beta1` });

export interface MetricsSource {
  readonly world: World;
  readonly samples: NodeSamples;
  readonly clock: Clock;
}

export function nodeMetricsHooks(source: MetricsSource): RegistryHooks<NodeMetrics> {
  const { world, samples } = source;
  const metricsOf = async (node: Node): Promise<NodeMetrics | undefined> => {
    const looks = await samples.of(node.metadata!.name!);
    const used = looks?.last.node && usedBetween(looks.before.node, looks.last.node);
    return used && { ...typed("NodeMetrics"), ...commonOf(node, used, source), usage: used.usage };
  };
  return defineHooks<NodeMetrics>({
    computed: {
      async list() {
        const nodes = world.list(nodeKind) as readonly Node[];
        samples.keep(new Set(nodes.map(({ metadata }) => metadata!.name!)));
        return present(await Promise.all(nodes.map(metricsOf)));
      },
      async get({ name }) {
        const node = world.get(nodeKind, name) as Node | undefined;
        const metrics = node && (await metricsOf(node));
        if (!metrics) throw notFound({ group: GROUP, resource: "nodemetrics" }, name);
        return metrics;
      },
    },
  });
}

export function podMetricsHooks(source: MetricsSource): RegistryHooks<PodMetrics> {
  const { world, samples } = source;
  const metricsOf = async (pods: readonly Pod[]): Promise<readonly PodMetrics[]> => {
    const names = new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []));
    const looks = new Map(
      await Promise.all([...names].map(async (name) => [name, await samples.of(name)] as const)),
    );
    return present(pods.map((pod) => podMetricsOf(pod, looks.get(pod.spec?.nodeName ?? ""), source)));
  };
  return defineHooks<PodMetrics>({
    computed: {
      list: ({ namespace }) => metricsOf(world.list(podKind, namespace || undefined) as readonly Pod[]),
      async get({ namespace, name }) {
        const pod = world.get(podKind, `${namespace}/${name}`) as Pod | undefined;
        const [metrics] = pod ? await metricsOf([pod]) : [];
        if (!metrics) throw notFound({ group: GROUP, resource: "podmetrics" }, `${namespace}/${name}`);
        return metrics;
      },
    },
  });
}

/** Undefined while nothing can be said of one of its containers: half a pod would look like a small one. */
function podMetricsOf(pod: Pod, looks: Looks | undefined, source: MetricsSource): PodMetrics | undefined {
  const key = `${pod.metadata!.namespace}/${pod.metadata!.name}`;
  const last = looks?.last.pods.get(key);
  if (!last || last.size === 0) return undefined;
  const before = looks!.before.pods.get(key);
  const all = [...last].map(([name, point]) => ({ name, used: usedBetween(before?.get(name), point) }));
  const known = all.flatMap(({ name, used }) => (used ? [{ name, used }] : []));
  if (known.length < all.length) return undefined;
  const earliest = known.map(({ used }) => used).reduce((a, b) => (b.time < a.time ? b : a));
  const containers = known
    .map(({ name, used }) => ({ name, usage: used.usage }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ...typed("PodMetrics"), ...commonOf(pod, earliest, source), containers };
}

function commonOf({ metadata }: Node | Pod, { time, windowMs }: Used, { clock }: MetricsSource) {
  const { name, namespace, labels } = metadata!;
  return {
    metadata: {
      name: name!,
      ...(namespace && { namespace }),
      creationTimestamp: formatTime(clock.now()),
      ...(labels && { labels }),
    },
    timestamp: formatTime(time),
    window: formatDuration(Math.round(windowMs * 1e6)),
  };
}

function present<T>(values: readonly (T | undefined)[]): readonly T[] {
  return values.filter((value) => value !== undefined);
}
