/**
 * autoscaling/v1: an autoscaler that knows of CPU alone. All else that one of v2 has is carried in annotations, in forms from
 * before there was a v2, so that who reads and writes v1 loses nothing.
 */

import { convert } from "@knarr/machinery/decode/convert.ts";
import { goJson } from "@knarr/machinery/quote.ts";
import { definition } from "@knarr/schema/definitions.ts";

import type { HorizontalPodAutoscaler as Old } from "../../../generated/autoscaling-v1.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from "../../../generated/autoscaling-v2.ts";
import type { ObjectMeta } from "../../../generated/meta.ts";
import { amount } from "../amounts.ts";
import { internalForm } from "../internal/form.ts";

const PREFIX = "autoscaling.alpha.kubernetes.io/";
const METRICS = `${PREFIX}metrics`;
const BEHAVIOR = `${PREFIX}behavior`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const carried: readonly string[] = [
  METRICS,
  BEHAVIOR,
  `${PREFIX}scale-down-tolerance`,
  `${PREFIX}scale-up-tolerance`,
  CURRENT_METRICS,
  CONDITIONS,
];

/** The same metadata without the annotations that stand for fields of v2. */
export function withoutOldForm(metadata: ObjectMeta): ObjectMeta {
  const { annotations } = metadata;
  if (!annotations || !carried.some((key) => key in annotations)) return metadata;
  const kept = Object.entries(annotations).filter(([key]) => !carried.includes(key));
  return { ...metadata, annotations: Object.fromEntries(kept) };
}

export function toOldForm({ metadata, spec, status, ...rest }: HorizontalPodAutoscaler): Old {
  const { scaleTargetRef, minReplicas, maxReplicas, behavior } = spec!;
  const {
    currentMetrics: givenCurrent,
    conditions: givenConditions,
    ...counts
  } = status ?? { desiredReplicas: 0 };
  const metrics = spec!.metrics ?? [];
  const currentMetrics = givenCurrent ?? []; // null when there are none
  const conditions = givenConditions ?? [];
  const others = metrics.filter((metric) => cpuPercentOf(metric) == null);
  const percent = metrics.map(cpuPercentOf).find((value) => value != null);
  const current = currentMetrics.map(currentCpuPercentOf).findLast((value) => value != null);
  const annotations = {
    ...(others.length && { [METRICS]: goJson(others.map((metric) => oldMetric(metric, sources))) }),
    ...(currentMetrics.length && {
      [CURRENT_METRICS]: goJson(currentMetrics.map((metric) => oldMetric(metric, statuses))),
    }),
    ...(behavior && { [BEHAVIOR]: goJson(internalForm(behavior, "HorizontalPodAutoscalerBehavior")) }),
    ...(conditions.length && { [CONDITIONS]: goJson(conditions.map(oldCondition)) }),
  };
  const plain = withoutOldForm(metadata);
  return {
    ...rest,
    metadata: Object.keys(annotations).length
      ? { ...plain, annotations: { ...plain.annotations, ...annotations } }
      : plain,
    spec: {
      scaleTargetRef,
      ...(minReplicas != null && { minReplicas }),
      maxReplicas,
      ...(percent != null && { targetCPUUtilizationPercentage: percent }),
    },
    status: {
      currentReplicas: 0,
      ...counts,
      ...(current != null && { currentCPUUtilizationPercentage: current }),
    },
  };
}

export function fromOldForm({ metadata, spec, status, ...rest }: Old): HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage: percent, ...others } = spec ?? ({} as NonNullable<Old["spec"]>);
  const { currentCPUUtilizationPercentage: current, ...counts } = status ?? { desiredReplicas: 0 };
  const { annotations = {} } = metadata;
  const metrics = carriedList<MetricSpec>(annotations[METRICS], (one) => newMetric(one, sources), "metrics");
  if (percent != null) metrics.push(ofCpu({ target: { type: "Utilization", averageUtilization: percent } }));
  const behavior = carriedBehavior(annotations[BEHAVIOR]);
  const isCarried = annotations[CURRENT_METRICS] !== undefined;
  const currentMetrics = carriedList<MetricStatus>(
    annotations[CURRENT_METRICS],
    (one) => newMetric(one, statuses),
    "currentMetrics",
  );
  if (!isCarried && current != null) currentMetrics.push(ofCpu({ current: { averageUtilization: current } }));
  const conditions = carriedList<object>(annotations[CONDITIONS], (one) => one, "conditions");
  return {
    ...rest,
    metadata: withoutOldForm(metadata),
    spec: {
      ...others,
      ...(metrics.length && { metrics }),
      ...(behavior && { behavior }),
    } as HorizontalPodAutoscalerSpec,
    status: {
      ...counts,
      ...(currentMetrics.length && { currentMetrics }),
      ...(conditions.length && { conditions }),
    } as HorizontalPodAutoscalerStatus,
  };
}

function cpuPercentOf({ type, resource }: MetricSpec): number | undefined {
  return type === "Resource" && resource?.name === "cpu" ? resource.target.averageUtilization : undefined;
}

function currentCpuPercentOf({ type, resource }: MetricStatus): number | undefined {
  return type === "Resource" && resource?.name === "cpu" ? resource.current.averageUtilization : undefined;
}

function ofCpu(more: object): any {
  return { type: "Resource", resource: { name: "cpu", ...more } };
}

/** A field of the old form: its name, where it stands in the new one, and what is written when it is not there. */
type Row = readonly [old: string, path: string, always?: unknown];
type Table = Readonly<Record<string, readonly Row[]>>;

const metricName: Row = ["metricName", "metric.name", ""];
const selector: Row = ["selector", "metric.selector"];

/** In the order in which upstream writes the old fields. */
const sources: Table = {
  object: [
    ["target", "describedObject", {}],
    metricName,
    ["targetValue", "target.value", "0"],
    selector,
    ["averageValue", "target.averageValue"],
  ],
  pods: [metricName, ["targetAverageValue", "target.averageValue", "0"], selector],
  resource: [
    ["name", "name", ""],
    ["targetAverageUtilization", "target.averageUtilization"],
    ["targetAverageValue", "target.averageValue"],
  ],
  containerResource: [
    ["name", "name", ""],
    ["targetAverageUtilization", "target.averageUtilization"],
    ["targetAverageValue", "target.averageValue"],
    ["container", "container", ""],
  ],
  external: [
    metricName,
    ["metricSelector", "metric.selector"],
    ["targetValue", "target.value"],
    ["targetAverageValue", "target.averageValue"],
  ],
};

const statuses: Table = {
  object: [
    ["target", "describedObject", {}],
    metricName,
    ["currentValue", "current.value", "0"],
    selector,
    ["averageValue", "current.averageValue"],
  ],
  pods: [metricName, ["currentAverageValue", "current.averageValue", "0"], selector],
  resource: [
    ["name", "name", ""],
    ["currentAverageUtilization", "current.averageUtilization"],
    ["currentAverageValue", "current.averageValue", "0"],
  ],
  containerResource: [
    ["name", "name", ""],
    ["currentAverageUtilization", "current.averageUtilization"],
    ["currentAverageValue", "current.averageValue", "0"],
    ["container", "container", ""],
  ],
  external: [
    metricName,
    ["metricSelector", "metric.selector"],
    ["currentValue", "current.value", "0"],
    ["currentAverageValue", "current.averageValue"],
  ],
};

function oldMetric(metric: any, table: Table): object {
  const old: Record<string, unknown> = { type: metric.type };
  for (const source in table) {
    if (metric[source] == null) continue;
    const fields = table[source]!.map(([name, path, always]) => {
      const value = path.split(".").reduce((object, step) => object?.[step], metric[source]) ?? always;
      return [name, name === "target" ? referenceOf(value) : value];
    });
    old[source] = Object.fromEntries(fields);
  }
  return old;
}

function referenceOf({ kind = "", name = "", apiVersion }: any): object {
  return { kind, name, ...(apiVersion && { apiVersion }) };
}

function oldCondition({ type, status, lastTransitionTime, reason, message }: any): object {
  return {
    type,
    status,
    lastTransitionTime: lastTransitionTime ?? null,
    ...(reason && { reason }),
    ...(message && { message }),
  };
}

function newMetric(old: any, table: Table): any {
  const metric: any = { type: old.type ?? "" };
  for (const source in table) {
    const given = old[source];
    if (given == null) continue;
    const made: any = (metric[source] = {});
    for (const [name, path, always] of table[source]!) {
      const value = given[name] ?? always;
      if (value !== undefined) put(made, path.split("."), value);
    }
    if (table === sources) settleTarget(source, (made.target ??= {}));
  }
  return metric;
}

function put(object: any, steps: readonly string[], value: unknown): void {
  const parent = steps.slice(0, -1).reduce((at, step) => (at[step] ??= {}), object);
  parent[steps.at(-1)!] = value;
}

/** The old form did not say of which type a target is: it follows from which amount it has. */
function settleTarget(source: string, target: any): void {
  const { value, averageValue, averageUtilization } = target;
  if (source === "resource" || source === "containerResource")
    target.type = averageUtilization == null ? "AverageValue" : "Utilization";
  else if (source === "external") target.type = value == null ? "AverageValue" : "Value";
  else target.type = source === "object" && averageValue == null ? "Value" : "AverageValue";
  // Always written in the old form: a zero beside an average was never there.
  if (source === "object" && averageValue != null && amount(value).sign === 0) delete target.value;
}

/** What an annotation carries; nothing when it makes no sense, as upstream has it. */
function carriedList<T>(text: string | undefined, make: (one: any) => T, field: string): T[] {
  return (
    carriedValue(text, (given) => {
      const list = (given as any[]).map(make);
      const part = field === "metrics" ? { spec: { metrics: list } } : { status: { [field]: list } };
      check(part);
      return list;
    }) ?? []
  );
}

function carriedBehavior(text: string | undefined): HorizontalPodAutoscalerSpec["behavior"] {
  return carriedValue(text, (given) => {
    const behavior: any = withSmallNames(given);
    check({ spec: { behavior } });
    return behavior.scaleUp || behavior.scaleDown ? behavior : undefined;
  });
}

function carriedValue<T>(text: string | undefined, make: (given: unknown) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return make(JSON.parse(text));
  } catch (err) {
    if (err instanceof SyntaxError || err instanceof TypeError || err instanceof RangeError) return undefined;
    throw err;
  }
}

/** Throws for what is no part of an autoscaler. */
function check(part: object): void {
  convert(part, definition("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"));
}

/** Upstream carries its own in-memory form of this, with Go's names. */
function withSmallNames(value: any): any {
  if (Array.isArray(value)) return value.map(withSmallNames);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => [key.charAt(0).toLowerCase() + key.slice(1), withSmallNames(item)]),
  );
}
