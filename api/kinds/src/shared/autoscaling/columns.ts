/** What tables print of an autoscaler's metrics: `cpu: 30%/80%, 12/100 (avg) + 1 more...`. */

import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../../generated/autoscaling-v2.ts";

const SHOWN = 2;
const UNKNOWN = "<unknown>";

export function targetsOf({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (!metrics.length) return "<none>";
  const list = metrics.map((metric, i) => targetOf(metric, status?.currentMetrics?.[i]));
  const text = list.slice(0, SHOWN).join(", ");
  return list.length > SHOWN ? `${text} + ${list.length - SHOWN} more...` : text;
}

function targetOf(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case "External":
      return amountOf(metric.external?.target, status?.external?.current);
    case "Object":
      return amountOf(metric.object?.target, status?.object?.current);
    case "Pods":
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods?.target.averageValue}`;
    case "Resource":
      return resourceOf(metric.resource, status?.resource?.current);
    case "ContainerResource":
      return resourceOf(metric.containerResource, status?.containerResource?.current);
    default:
      return "<unknown type>";
  }
}

function amountOf(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue == null) return `${current?.value ?? UNKNOWN}/${target?.value}`;
  return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
}

function resourceOf(
  source: { readonly name: string; readonly target: MetricTarget } | undefined,
  current: MetricValueStatus | undefined,
): string {
  const { averageValue, averageUtilization } = source?.target ?? {};
  if (averageValue != null) return `${source?.name}: ${current?.averageValue ?? UNKNOWN}/${averageValue}`;
  const percent = (value: number | undefined, none: string) => (value == null ? none : `${value}%`);
  return `${source?.name}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(averageUtilization, "<auto>")}`;
}
