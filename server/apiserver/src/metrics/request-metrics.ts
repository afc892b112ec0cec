/** What is counted of requests, under upstream's names. */

import type { Distribution, Figure, Metrics } from "@knarr/std/metrics.ts";
import type { Outcome } from "../pipeline/pipeline.ts";
import type { Route } from "../pipeline/route.ts";
import type { Registry } from "../registry/registry.ts";

export const BUCKETS: readonly number[] = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const SLI_BUCKETS = BUCKETS.slice(2);
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const WHERE = ["group", "version", "resource", "subresource", "scope", "component"];
/** Those whose answers are measured. */
const READS = new Set(["GET", "LIST"]);

/** A request that was answered. */
export interface Answered {
  readonly outcome: Outcome;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly code: number;
  /** Of the body as it was sent; 0 for one that went on. */
  readonly bytes: number;
  readonly isLong: boolean;
}

export class RequestMetrics {
  readonly #total;
  readonly #seconds;
  readonly #sliSeconds;
  readonly #sizes;
  readonly #long;
  readonly #ended;
  readonly #registry: Pick<Registry, "find">;
  /** By kind, which a definition may take away. */
  readonly #series = new WeakMap<object, Map<string, RequestSeries>>();

  /** Labels are what `registry` knows and what is here, never what a client makes up: each series stays as long as the server. */
  constructor(metrics: Metrics, registry: Pick<Registry, "find">) {
    this.#registry = registry;
    this.#total = metrics.counter(
      "apiserver_request_total",
      "Requests, by what was asked for and the code of the answer.",
      ["verb", "dry_run", ...WHERE, "code"],
    );
    this.#seconds = metrics.histogram(
      "apiserver_request_duration_seconds",
      "How long requests took.",
      ["verb", "dry_run", ...WHERE],
      BUCKETS,
    );
    this.#sliSeconds = metrics.histogram(
      "apiserver_request_sli_duration_seconds",
      "How long requests took, without the time in webhooks and in the queues of priority and fairness.",
      ["verb", ...WHERE],
      SLI_BUCKETS,
    );
    this.#sizes = metrics.histogram(
      "apiserver_response_sizes",
      "Bytes of answers to reads.",
      ["verb", ...WHERE],
      SIZE_BUCKETS,
    );
    this.#ended = metrics.counter(
      "apiserver_request_terminations_total",
      "Requests that this server ended to protect itself: too many, or too slow.",
      ["verb", ...WHERE, "code"],
    );
    this.#long = metrics.gauge(
      "apiserver_longrunning_requests",
      "Requests under way that last as long as somebody looks on.",
      ["verb", ...WHERE],
    );
  }

  observe({ outcome, method, url, contentType, code, bytes, isLong }: Answered): void {
    const { route, stages } = outcome;
    const verb = verbOf(route, method, contentType);
    const series = this.#seriesOf(route, verb, url.includes("dryRun=All") ? "All" : "");
    if (!isLong) {
      const seconds = stages.total / 1000;
      (series.seconds ??= this.#seconds.series(series.dryRunLabels)).observe(seconds);
      const others = (stages.spent("queue") + stages.spent("webhooks")) / 1000;
      (series.sliSeconds ??= this.#sliSeconds.series(series.labels)).observe(Math.max(0, seconds - others));
      if (READS.has(verb)) (series.sizes ??= this.#sizes.series(series.labels)).observe(bytes);
    }
    series.total
      .getOrInsertComputed(code, () => this.#total.series([...series.dryRunLabels, String(code)]))
      .add();
    if (code === 429 || code === 504) this.#ended.add([...series.labels, String(code)]);
  }

  /** Found by the kind and few words, so that a request costs no joining of all its labels. */
  #seriesOf(route: Route, verb: string, dryRun: string): RequestSeries {
    const served = this.#registry.find(route.group, route.version, route.resource) ?? NO_KIND;
    const ofKind = this.#series.getOrInsertComputed(served, () => new Map());
    const [part, scope] = served === NO_KIND ? ["", ""] : placeOf(route);
    return ofKind.getOrInsertComputed(`${verb} ${dryRun} ${part} ${scope}`, () => {
      const labels = [verb, ...this.#whereOf(route)];
      const [, ...where] = labels;
      const dryRunLabels = [verb, dryRun, ...where];
      return {
        labels,
        dryRunLabels,
        seconds: undefined,
        sliSeconds: undefined,
        sizes: undefined,
        total: new Map(),
      };
    });
  }

  /** Counts it among those that go on, until what is returned is disposed of. */
  goesOn(route: Route, method: string): Disposable {
    const figure = this.#long.series([verbOf(route, method, undefined), ...this.#whereOf(route)]);
    figure.add();
    return { [Symbol.dispose]: () => figure.add(-1) }; // the same one, whether or not its kind is still there
  }

  #whereOf(route: Route): string[] {
    const { group, version, resource } = route;
    if (!this.#registry.find(group, version, resource)) return ["", "", "", "", "", "apiserver"];
    return [group, version, resource, ...placeOf(route), "apiserver"];
  }
}

/** The series that one sort of request counts in, made when first used. */
interface RequestSeries {
  readonly labels: readonly string[];
  readonly dryRunLabels: readonly string[];
  /** Of requests that come to an end by themselves. */
  seconds: Distribution | undefined;
  sliSeconds: Distribution | undefined;
  /** Of reads only. */
  sizes: Distribution | undefined;
  /** By the code of the answer. */
  readonly total: Map<number, Figure>;
}

/** Stands for the kind of requests that are for none. */
const NO_KIND = {};

/** Subresource and scope, as labels. */
function placeOf({ subresource, namespace, name }: Route): [part: string, scope: string] {
  const part = subresource === "" || SUBRESOURCES.has(subresource) ? subresource : OTHER;
  return [part, name ? "resource" : namespace ? "namespace" : "cluster"];
}

/** Methods that are shown for what is no resource, and parts of resources. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"]);
const SUBRESOURCES = new Set([
  ...[
    "status",
    "scale",
    "resize",
    "ephemeralcontainers",
    "binding",
    "eviction",
    "finalize",
    "token",
    "approval",
  ],
  ...["log", "exec", "attach", "portforward", "proxy"],
]);
/** Upstream's word. */
const OTHER = "other";

function verbOf({ isResource, verb }: Route, method: string, contentType: string | undefined): string {
  if (!isResource || verb === "") return METHODS.has(method) ? method : OTHER;
  if (verb === "patch" && contentType?.startsWith("application/apply-patch")) return "APPLY";
  return verbs[verb] ?? verb.toUpperCase();
}

/** As upstream shows verbs in metrics. */
const verbs: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};
