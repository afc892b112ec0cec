/** What is known of the server as a whole: looked up when somebody asks for the figures. */

import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import type { Counter, Histogram, Metrics } from "@knarr/std/metrics.ts";
import type { Store } from "@knarr/store/store.ts";
import { versionInfo } from "../discovery/version.ts";
import type { Parts } from "../pipeline/parts.ts";
import type { Route } from "../pipeline/route.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { isStored } from "../registry/registry.ts";
import { processMetrics } from "./process-metrics.ts";
import { runtimeMetrics } from "./runtime-metrics.ts";
import { objectMetrics, storeMetrics } from "./store-metrics.ts";

const EVENT_BYTES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

export class WatchMetrics {
  readonly #events: Counter;
  readonly #bytes: Histogram;

  constructor(metrics: Metrics) {
    const labels = ["group", "version", "resource"];
    this.#events = metrics.counter("apiserver_watch_events_total", "Events sent to watchers.", labels);
    this.#bytes = metrics.histogram(
      "apiserver_watch_events_sizes",
      "Bytes of events; those sent at once count as equal.",
      labels,
      EVENT_BYTES,
    );
  }

  /** What counts a watch's events, and the bytes of all of them. */
  of({ group, version, resource }: Route): (events: number, bytes: number) => void {
    const labels = [group, version, resource];
    const [total, sizes] = [this.#events.series(labels), this.#bytes.series(labels)];
    return (events, bytes) => {
      if (events === 0) return; // a bookmark
      total.add(events);
      sizes.observe(bytes / events, events);
    };
  }
}

export interface ShownParts extends Pick<Parts, "caches" | "registry" | "audit"> {
  readonly pipeline: Pipeline;
  readonly store: Store;
}

export function showState(metrics: Metrics, { pipeline, caches, registry, audit, store }: ShownParts): void {
  processMetrics(metrics);
  runtimeMetrics(metrics);
  showVersion(metrics);
  showAudit(metrics, audit);
  storeMetrics(metrics, store);
  metrics.read(
    {
      name: "aggregator_unavailable_apiservice",
      help: "1 for an APIService that is not available.",
      labels: ["name"],
    },
    () =>
      (caches.world.list(apiService) as readonly APIService[]).map((one) => [
        isAvailable(one) ? 0 : 1,
        one.metadata!.name!,
      ]),
  );
  const help = "Requests that are worked on now and will come to an end.";
  metrics.read({ name: "apiserver_current_inflight_requests", help, labels: ["request_kind"] }, () =>
    Object.entries(pipeline.inFlight).map(([kind, count]) => [count, kind]),
  );
  objectMetrics(metrics, {
    kinds() {
      const kinds = registry.groups.flatMap(({ resources }) => resources).filter(isStored);
      const stored = new Set(kinds.map((resource) => caches.of(resource)));
      return [...stored].map(({ resource: { group, plural }, size }) => ({ group, plural, size }));
    },
    revision: () => caches.revision,
  });
}

function isAvailable({ status }: APIService): boolean {
  return !!status?.conditions?.some((one) => one.type === "Available" && one.status === "True");
}

function showVersion(metrics: Metrics): void {
  const version = versionInfo();
  const { major, minor, minCompatibilityMajor, minCompatibilityMinor } = version;
  const build: Readonly<Record<string, string>> = {
    ...{ major, minor, git_version: version.gitVersion, git_commit: version.gitCommit },
    ...{ git_tree_state: version.gitTreeState, build_date: version.buildDate },
    ...{ go_version: version.goVersion, compiler: version.compiler, platform: version.platform },
  };
  metrics.read(
    { name: "kubernetes_build_info", help: "What this is, as labels.", labels: Object.keys(build) },
    () => [[1, ...Object.values(build)]],
  );
  const labels = ["binary", "component", "emulation", "min_compat"];
  metrics.read({ name: "version_info", help: "Which Kubernetes this is.", labels }, () => [
    [
      1,
      version.gitVersion.replace(/^v|\+.*$/g, ""),
      "kube",
      `${major}.${minor}`,
      `${minCompatibilityMajor}.${minCompatibilityMinor}`,
    ],
  ]);
}

/** Upstream's name for the part of an audit log that loses events when what is behind it takes none. */
const AUDIT_BUFFER = "buffered";

/** Without a policy nothing is audited, and that is shown, too. */
function showAudit(metrics: Metrics, audit: Parts["audit"]): void {
  const type = "counter";
  metrics.read({ name: "apiserver_audit_event_total", help: "Audit events that there were.", type }, () => [
    [audit?.log.events ?? 0],
  ]);
  metrics.read(
    {
      name: "apiserver_audit_error_total",
      help: "Audit events that were lost, as their log took none.",
      type,
      labels: ["plugin"],
    },
    () => [[audit?.log.lost ?? 0, AUDIT_BUFFER]],
  );
  metrics.read(
    {
      name: "apiserver_audit_level_total",
      help: "Requests by how much of them is audited.",
      type,
      labels: ["level"],
    },
    () => Object.entries(audit?.levels ?? {}).map(([level, count]) => [count, level]),
  );
  // Here a log that cannot be written refuses no request.
  metrics.read(
    {
      name: "apiserver_audit_requests_rejected_total",
      help: "Requests that were refused because they could not be audited.",
      type,
    },
    () => [[0]],
  );
}
