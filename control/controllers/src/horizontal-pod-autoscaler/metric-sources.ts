/** The five kinds of metric that an autoscaler may name: what each is called, and how it comes from a figure to a number of replicas. */

import type { MetricIdentifier, MetricSpec, MetricStatus } from "@knarr/kinds/generated/autoscaling-v2.ts";
import { shownSelector } from "../shown-selector.ts";
import {
  amount,
  isShare,
  milli,
  replicasByResource,
  replicasByTotal,
  told,
  type Scaled,
} from "./by-target.ts";
import type { Figures } from "./metrics.ts";
import { amountYardstick, replicasForPods } from "./replicas.ts";

export interface Proposal {
  readonly replicas: number;
  /** As it is called in messages. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** How a metric could not be had: what the condition and its event say, and what is said of it among others. */
export interface Failure {
  readonly reason: string;
  readonly why: string;
  readonly message: string;
}

const OF_REQUEST = "utilization (percentage of request)";

interface Source {
  readonly reason: string;
  /** What could not be done. */
  failed(metric: MetricSpec): string;
  propose(metric: MetricSpec, scaled: Scaled, figures: Figures): Promise<Proposal>;
}

export async function proposalOf(
  metric: MetricSpec,
  scaled: Scaled,
  figures: Figures,
): Promise<Proposal | Failure> {
  const source = sources.get(metric.type);
  if (!source) {
    const why = `unknown metric source type "${metric.type}"`;
    return { reason: "InvalidMetricSourceType", why, message: why };
  }
  try {
    return await source.propose(metric, scaled, figures);
  } catch (err) {
    const why = (err as Error).message;
    return { reason: source.reason, why, message: `${source.failed(metric)}: ${why}` };
  }
}

const resource: Source = {
  reason: "FailedGetResourceMetric",
  failed: ({ resource: source }) => `failed to get ${source!.name} resource metric value`,
  async propose({ resource: source }, scaled, figures) {
    const { name, target } = source!;
    const { replicas, current } = await replicasByResource({ resource: name }, target, { scaled, figures });
    const share = target.averageValue ? "resource" : `resource ${OF_REQUEST}`;
    return { replicas, name: `${name} ${share}`, status: { type: "Resource", resource: { name, current } } };
  },
};

const containerResource: Source = {
  reason: "FailedGetContainerResourceMetric",
  failed: ({ containerResource: source }) => `failed to get ${source!.container} container metric value`,
  async propose({ containerResource: source }, scaled, figures) {
    const { name, container, target } = source!;
    const what = { resource: name, container };
    const { replicas, current } = await replicasByResource(what, target, { scaled, figures });
    const share = target.averageValue ? "resource" : `container resource ${OF_REQUEST}`;
    const status = { type: "ContainerResource", containerResource: { name, container, current } };
    return { replicas, name: `${name} ${share}`, status };
  },
};

const pods: Source = {
  reason: "FailedGetPodsMetric",
  failed: () => "failed to get pods metric value",
  async propose({ pods: source }, scaled, figures) {
    const { metric, target } = source!;
    const { name } = metric;
    const found = await told((why) => `unable to get metric ${name}: ${why}`, figures.custom(scaled, metric));
    const yardstick = amountYardstick(milli(target.averageValue!));
    const { replicas, average } = replicasForPods({ ...scaled, figures: found, isCpu: false }, yardstick);
    const status = { type: "Pods", pods: { metric, current: { averageValue: amount(average) } } };
    return { replicas, name: `pods metric ${name}`, status };
  },
};

const object: Source = {
  reason: "FailedGetObjectMetric",
  failed: ({ object: source }) =>
    isShare(source!.target)
      ? `failed to get object metric value: failed to get ${source!.metric.name} object metric`
      : "failed to get object metric value",
  async propose({ object: source }, scaled, figures) {
    const { describedObject, metric, target } = source!;
    const { kind, name } = describedObject;
    const { namespace } = scaled;
    const usage = await told(
      (why) => `unable to get metric ${metric.name}: ${why} on ${kind} ${namespace}/${name}`,
      figures.object(namespace, describedObject, metric),
    );
    const { replicas, current } = replicasByTotal(usage, target, scaled);
    return {
      replicas,
      // an average over the pods is called external, whatever it comes from
      name: isShare(target) ? externalName(metric) : `${kind} metric ${metric.name}`,
      status: { type: "Object", object: { describedObject, metric, current } },
    };
  },
};

const external: Source = {
  reason: "FailedGetExternalMetric",
  failed({ external: source }) {
    const { metric, target } = source!;
    const what = isShare(target) ? `${metric.name} external metric` : `external metric ${metric.name}`;
    return `failed to get ${metric.name} external metric value: failed to get ${what}`;
  },
  async propose({ external: source }, scaled, figures) {
    const { metric, target } = source!;
    const { namespace } = scaled;
    const shown = `${namespace}/${metric.name}/${shownSelector(metric.selector)}`;
    const values = await told(
      (why) => `unable to get external metric ${shown}: ${why}`,
      figures.external(namespace, metric),
    );
    const usage = values.reduce((total, value) => total + value, 0);
    const { replicas, current } = replicasByTotal(usage, target, scaled);
    const status = { type: "External", external: { metric, current } };
    return { replicas, name: externalName(metric), status };
  },
};

/** By `type` of a MetricSpec. */
const sources = new Map<string, Source>([
  ["Resource", resource],
  ["ContainerResource", containerResource],
  ["Pods", pods],
  ["Object", object],
  ["External", external],
]);

function externalName({ name, selector }: MetricIdentifier): string {
  return `external metric ${name}(${shownSelector(selector)})`;
}
