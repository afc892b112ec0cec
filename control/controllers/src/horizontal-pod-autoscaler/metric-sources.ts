/** The five kinds of metric that an autoscaler may name: how each comes from a figure to a number of replicas. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type {
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "@knarr/kinds/generated/autoscaling-v2.ts";
import { parseQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import { shownSelector } from "../shown-selector.ts";
import type { Figures, PodsOf } from "./metrics.ts";
import {
  amountYardstick,
  replicasForPods,
  replicasForShare,
  replicasForTotal,
  utilizationYardstick,
  type Tolerances,
} from "./replicas.ts";
import { requestsOf, type Requested } from "./requests.ts";

/** What is scaled, as it is now. */
export interface Scaled extends PodsOf {
  readonly pods: readonly Pod[];
  /** What the target is to have, and what it has. */
  readonly currentReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly now: number;
}

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

const OF_REQUEST = "utilization (percentage of request)";

interface Counted {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

async function replicasByResource(
  what: Requested,
  { averageValue, averageUtilization }: MetricTarget,
  { scaled, figures }: { readonly scaled: Scaled; readonly figures: Figures },
): Promise<Counted> {
  const { resource: name } = what;
  const target = averageValue ? milli(averageValue) : averageUtilization;
  if (target === undefined)
    throw new Error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  const yardstick = averageValue
    ? amountYardstick(target)
    : utilizationYardstick(target, () => requestsOf(scaled.pods, what));
  try {
    const found = await told(
      (why) => `unable to get metrics for resource ${name}: ${why}`,
      figures.resource(scaled, what),
    );
    const question = { ...scaled, figures: found, isCpu: name === "cpu" };
    const { replicas, average, utilization } = replicasForPods(question, yardstick);
    const format = name === "memory" ? "BinarySI" : "DecimalSI"; // as metrics-server writes it
    const value = Quantity.ofMilli(average, format).toString();
    const percent = utilization === undefined ? {} : { averageUtilization: utilization };
    return { replicas, current: { ...percent, averageValue: value } };
  } catch (err) {
    const of = averageValue ? "usage" : "utilization";
    throw new Error(`failed to get ${name} ${of}: ${(err as Error).message}`, { cause: err });
  }
}

function replicasByTotal(usage: number, target: MetricTarget, scaled: Scaled): Counted {
  const { statusReplicas, tolerances } = scaled;
  if (!isShare(target)) {
    const replicas = replicasForTotal(scaled, usage / milli(target.value!));
    return { replicas, current: { value: amount(usage) } };
  }
  const question = { currentReplicas: statusReplicas, tolerances };
  const replicas = replicasForShare(question, usage, milli(target.averageValue!));
  const average = Math.ceil(usage / Math.max(1, statusReplicas)); // of none, all of it is left to the first
  return { replicas, current: { averageValue: amount(average) } };
}

function isShare({ averageValue }: MetricTarget): boolean {
  return averageValue != null;
}

function externalName({ name, selector }: MetricIdentifier): string {
  return `external metric ${name}(${shownSelector(selector)})`;
}

async function told<T>(words: (why: string) => string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (err) {
    throw new Error(words((err as Error).message), { cause: err });
  }
}

function milli(quantity: string): number {
  return parseQuantity(quantity).milliValue;
}

function amount(milliValue: number): string {
  return Quantity.ofMilli(milliValue).toString();
}
