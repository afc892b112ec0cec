/**
 * Figures to scale by, asked from the three APIs that have them: metrics.k8s.io, which every Knarr has, and custom.metrics.k8s.io and
 * external.metrics.k8s.io, which are those of whoever installs an adapter. All values are thousandths.
 */

import type { Api } from "@knarr/client/api.ts";
import type { Selection } from "@knarr/client/transport.ts";
import type { CrossVersionObjectReference, MetricIdentifier } from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { LabelSelector as SelectorFields } from "@knarr/kinds/generated/meta.ts";
import { podMetrics, type PodMetrics } from "@knarr/kinds/metrics/pod-metrics.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Usage } from "@knarr/kinds/shared/usage.ts";
import { selectorOf, type LabelSelector } from "@knarr/machinery/labels.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { parseQuantity } from "@knarr/machinery/quantity.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { parseDuration, parseTime } from "@knarr/machinery/time.ts";
import type { KindOf } from "../remembered-kinds.ts";
import type { PodFigures } from "./replicas.ts";
import type { Requested } from "./requests.ts";

/** Some pods of a namespace. */
export interface PodsOf {
  readonly namespace: string;
  readonly selector: LabelSelector;
}

/** Where an autoscaler gets its figures. Throws when it cannot have them, or there are none. */
export interface Figures {
  resource(pods: PodsOf, what: Requested): Promise<PodFigures>;
  custom(pods: PodsOf, metric: MetricIdentifier): Promise<PodFigures>;
  object(namespace: string, object: CrossVersionObjectReference, metric: MetricIdentifier): Promise<number>;
  external(namespace: string, metric: MetricIdentifier): Promise<readonly number[]>;
}

interface MetricValue extends ApiObject {
  readonly describedObject: { readonly name: string };
  readonly timestamp: string;
  readonly windowSeconds?: number;
  /** What v1beta1 calls it. */
  readonly window?: number;
  readonly value: string;
}

const CUSTOM = "custom.metrics.k8s.io";
const DEFAULT_WINDOW_SECONDS = 60;

export function figuresFrom(api: Api, kindOf: KindOf, signal: AbortSignal): Figures {
  const asked = async <T extends ApiObject>(
    name: string,
    ask: () => Promise<{ readonly items: readonly T[] }>,
  ) => {
    const { items } = await ask().catch((err: Error) => {
      throw new Error(`unable to fetch metrics from ${name} metrics API: ${err.message}`, { cause: err });
    });
    if (items.length === 0) throw new Error(`no metrics returned from ${name} metrics API`);
    return items;
  };

  return {
    async resource({ namespace, selector }, what) {
      const items = await asked("resource", () =>
        api.list(podMetrics, { namespace, labelSelector: selector.toString() }),
      );
      return new Map(items.flatMap((item) => resourceFigure(item, what)));
    },

    async custom({ namespace, selector }, metric) {
      const selection = { namespace, labelSelector: selector.toString(), ...selected(metric) };
      const items = await asked("custom", () => listCustom(api, `pods/*/${nameOf(metric)}`, selection));
      return new Map(items.map(customFigure));
    },

    async object(namespace, object, metric) {
      const items = await asked("custom", async () => {
        const path = await pathOf(object, kindOf, signal);
        const list = await listCustom(api, `${path}/${nameOf(metric)}`, { namespace, ...selected(metric) });
        if (list.items.length === 1) return list;
        const count = list.items.length;
        throw new Error(
          `the custom metrics API server returned ${count} results when we asked for exactly one`,
        );
      });
      return parseQuantity(items[0]!.value).milliValue;
    },

    async external(namespace, { name, selector }) {
      const external = kindAt("external.metrics.k8s.io", "v1beta1", encodeURIComponent(name));
      const labelSelector = textOf(selector);
      const items = await asked("external", () => api.list(external, { namespace, ...labelSelector }));
      return items.map(({ value }) => parseQuantity(value).milliValue);
    },
  };
}

/** None of a pod of which one container has no figure: half a pod would look like a small one. */
function resourceFigure({ metadata, timestamp, window, containers }: PodMetrics, what: Requested) {
  const counted = containers.filter(({ name }) => what.container === undefined || name === what.container);
  const amounts = counted.map(({ usage }) => usage[what.resource as keyof Usage] as string | undefined);
  if (amounts.length === 0 || amounts.includes(undefined)) return [];
  const value = amounts.reduce((total, amount) => total + parseQuantity(amount!).milliValue, 0);
  const figure = { value, at: parseTime(timestamp), windowMs: parseDuration(window) / 1e6 };
  return [[metadata.name!, figure] as const];
}

function customFigure({ describedObject, timestamp, windowSeconds, window, value }: MetricValue) {
  const seconds = windowSeconds ?? window ?? DEFAULT_WINDOW_SECONDS;
  const figure = {
    value: parseQuantity(value).milliValue,
    at: parseTime(timestamp),
    windowMs: seconds * 1000,
  };
  return [describedObject.name, figure] as const;
}

/** Older adapters have v1beta1 only. A server that has none of both does not know the path; one that has does not know the figure. */
async function listCustom(api: Api, path: string, selection: Selection) {
  let unknown = new Error(`no custom metrics API (${CUSTOM}) registered`);
  for (const version of ["v1beta2", "v1beta1"]) {
    try {
      return await api.list(kindAt(CUSTOM, version, path), selection);
    } catch (err) {
      if (!(err instanceof ApiError) || err.code !== 404) throw err;
      if (!err.message.includes("404 page not found")) unknown = err;
    }
  }
  throw unknown;
}

/** A namespace has its figures below itself, without saying so. */
async function pathOf(object: CrossVersionObjectReference, kindOf: KindOf, signal: AbortSignal) {
  const { apiVersion = "", kind, name } = object;
  if (kind === "Namespace" && !apiVersion.includes("/")) return "metrics";
  const resource = await kindOf(object, signal);
  if (!resource)
    throw new Error(
      `unable to map kind ${kind} to resource: no matches for kind "${kind}" in version "${apiVersion}"`,
    );
  const { group, plural } = resource;
  return `${group ? `${plural}.${group}` : plural}/${encodeURIComponent(name)}`;
}

/** Lists of figures stand where others have lists of objects. */
function kindAt(group: string, version: string, path: string): Resource<MetricValue> {
  return { group, version, kind: "MetricValue", plural: path, scope: "Namespaced", schema: "" };
}

function nameOf({ name }: MetricIdentifier): string {
  return encodeURIComponent(name);
}

function selected({ selector }: MetricIdentifier): Selection {
  const { labelSelector } = textOf(selector);
  return labelSelector === undefined ? {} : { metricLabelSelector: labelSelector };
}

function textOf(selector: SelectorFields | undefined): Pick<Selection, "labelSelector"> {
  return selector ? { labelSelector: selectorOf(selector).toString() } : {};
}
