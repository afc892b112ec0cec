/**
 * `/metrics` has what dashboards and alerts for Kubernetes ask for (kubernetes-mixin, kube-prometheus): the agreed names, with upstream's types,
 * labels and buckets. `upstream-metrics.json` was written down from a kube-apiserver 1.36.3; what that did not show (the scheduler's, refusals of flow
 * control, unavailable APIServices) from what their sources declare.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startSecureServer } from "@knarr/apiserver/testing/secure-server.ts";
import { startControllers } from "@knarr/controllers/start.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { Metrics } from "@knarr/std/metrics.ts";
import { QueueMetrics } from "@knarr/std/queue-metrics.ts";
import { eventually } from "../e2e/eventually.ts";
import { kubectlPath } from "../e2e/kubectl.ts";

interface Family {
  readonly type: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const agreed: Readonly<Record<string, Family>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "upstream-metrics.json"), "utf8"),
);

/** Nothing of these happens to a cluster at its start; or there is nothing of it (the size of a store in memory). */
const WITHOUT_ROWS = [
  "aggregator_unavailable_apiservice_total",
  "apiserver_request_terminations_total",
  "apiserver_storage_decode_errors_total",
  "apiserver_storage_size_bytes",
  "scheduler_pod_scheduling_sli_duration_seconds",
  "scheduler_preemption_attempts_total",
  "workqueue_retries_total",
];

/** By name what an exposition says: the labels of its series together, and the buckets. */
function familiesOf(text: string): Map<string, Required<Family>> {
  const families = new Map<string, { type: string; labels: Set<string>; buckets: Set<number> }>();
  for (const line of text.split("\n")) {
    const [, declared, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (declared) families.set(declared, { type: type!, labels: new Set(), buckets: new Set() });
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    const family = name && (families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, "")));
    if (!family) continue;
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      if (label !== "le") family.labels.add(label!);
      else if (value !== "+Inf") family.buckets.add(Number(Number(value).toPrecision(6))); // Go adds up its own
    }
  }
  return new Map(
    Array.from(families, ([name, { type, labels, buckets }]) => [
      name,
      { type, labels: [...labels].sort(), buckets: [...buckets].sort((a, b) => a - b) },
    ]),
  );
}

/** What of the agreed list is otherwise there, in lines. */
function differences(found: Map<string, Required<Family>>, withoutRows: readonly string[]): string[] {
  return Object.entries(agreed).flatMap(([name, wanted]) => {
    const there = found.get(name);
    if (!there) return [`${name} is missing`];
    if (there.type !== wanted.type) return [`${name} is a ${there.type}, not a ${wanted.type}`];
    if (withoutRows.includes(name)) return [];
    const [is, should] = [there, wanted].map(({ labels, buckets = [] }) => JSON.stringify([labels, buckets]));
    return is === should ? [] : [`${name} has ${is}, not ${should}`];
  });
}

test(
  "/metrics has the agreed names with upstream's types, labels and buckets",
  { timeout: 60_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const metrics = new Metrics();
    const rig = stack.use(await startSecureServer({ metrics }));
    const as = (name: string) => rig.server.inProcess({ name, groups: ["system:authenticated"] }, name);
    const common = { clock: realClock, log: silent };
    const manager = as("system:kube-controller-manager");
    stack.use(
      await startControllers({
        ...common,
        transport: manager,
        metrics: new QueueMetrics(metrics),
        rootCaPem: "",
      }),
    );
    stack.use(await startScheduler({ ...common, transport: as("system:kube-scheduler"), metrics }));
    const inDefault = { namespace: "default" };
    await rig.api.create(configMap, { metadata: { name: "a", ...inDefault } });
    await rig.api.create(pod, {
      metadata: { name: "a", ...inDefault },
      spec: { containers: [{ name: "a", image: "a" }] },
    });
    await rig.get("/api/v1/namespaces/default/configmaps");
    await rig.get("/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&resourceVersion=0");
    await eventually(async () => {
      assert.deepEqual(
        differences(familiesOf((await rig.get("/metrics")).body.toString()), WITHOUT_ROWS),
        [],
      );
      const text = (await rig.get("/metrics")).body.toString();
      const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      assert.deepEqual(names, [...new Set(names)], "none is there twice, which Prometheus refuses");
      const odd = text.split("\n").filter((line) => !LINE.test(line));
      assert.deepEqual(odd, []);
    });
  },
);

/** Prometheus' text form, line by line. */
const LINE =
  /^$|^# (HELP|TYPE) \w+ .+$|^\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? (-?[\d.]+(e[+-]?\d+)?|NaN|\+Inf)$/;

const oracle = process.env["UPSTREAM_KUBECONFIG"] ?? "/var/cache/knarr-conformance/upstream/admin.kubeconfig";

/** The exposition of a kube-apiserver that runs here; undefined without one. */
function upstreamText(): string | undefined {
  if (!existsSync(oracle)) return undefined;
  const words = ["--kubeconfig", oracle, "--request-timeout=5s", "get", "--raw", "/metrics"];
  const { status, stdout } = spawnSync(kubectlPath(), words, { encoding: "utf8", maxBuffer: 2 ** 26 });
  return status === 0 ? stdout : undefined;
}

const theirs = upstreamText();
test(
  "the agreed list is what a kube-apiserver says",
  { skip: theirs ? false : `no kube-apiserver runs here (${oracle})` },
  () => {
    const found = familiesOf(theirs!);
    const unknown = Object.keys(agreed).filter((name) => !found.has(name));
    // Of what never happened upstream shows nothing; a scheduler has figures of its own.
    assert.ok(
      unknown.every((name) =>
        /^scheduler_|^apiserver_flowcontrol_|_terminations_|_unavailable_apiservice_total$/.test(name),
      ),
      `${unknown}`,
    );
    assert.deepEqual(
      differences(found, WITHOUT_ROWS).filter((line) => !unknown.some((name) => line.startsWith(`${name} `))),
      [],
    );
  },
);
