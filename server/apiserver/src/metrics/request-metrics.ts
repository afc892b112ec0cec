/** What is counted of requests, under upstream's names. */

import type { Outcome } from "../pipeline/pipeline.ts";
import type { Metrics } from "./metrics.ts";

const BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

export class RequestMetrics {
  readonly #total;
  readonly #duration;

  constructor(metrics: Metrics) {
    const where = ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"];
    this.#total = metrics.counter(
      "apiserver_request_total",
      "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      [...where, "code"],
    );
    this.#duration = metrics.histogram(
      "apiserver_request_duration_seconds",
      "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
      where,
      BUCKETS,
    );
  }

  observe({ route }: Outcome, method: string, code: number, seconds: number): void {
    const { isResource, group, version, resource, subresource, namespace, name, verb } = route;
    const scope = !isResource ? "" : name ? "resource" : namespace ? "namespace" : "cluster";
    const shown = isResource ? (verbs[verb] ?? verb.toUpperCase()) : method;
    const values = [shown, "", group, version, resource, subresource, scope, "apiserver"];
    if (shown !== "WATCH") this.#duration.observe(values, seconds);
    values.push(String(code));
    this.#total.add(values);
  }
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
