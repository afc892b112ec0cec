/** Jobs: as many successes as are wanted, each end of a pod counted once, and one end of their own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Job, JobSpec, JobStatus } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { jobController } from "./controller.ts";
import { TRACKING } from "./observation.ts";

/** A cluster with one Job, and somebody who ends its pods. */
class Rig implements AsyncDisposable {
  readonly cluster: TestCluster;

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(spec: Partial<JobSpec> = {}, restartPolicy = "Never"): Promise<Rig> {
    const rig = new Rig(await TestCluster.start({ controllers: [jobController()] }));
    await rig.cluster.create(jobs, {
      metadata: { name: "work", namespace: "default" },
      spec: { template: { spec: { restartPolicy, containers: [{ name: "c", image: "i" }] } }, ...spec },
    });
    await rig.cluster.settled();
    return rig;
  }

  get job(): Job {
    return this.cluster.get(jobs, "default/work")!;
  }

  get status(): JobStatus {
    return this.job.status!;
  }

  get pods(): readonly Pod[] {
    return this.cluster.list(pods);
  }

  get running(): readonly Pod[] {
    return this.pods.filter(
      ({ metadata, status }) =>
        !metadata.deletionTimestamp && status?.phase !== "Succeeded" && status?.phase !== "Failed",
    );
  }

  get told(): readonly string[] {
    return this.cluster.list(events).map(({ reason }) => reason ?? "");
  }

  /** The Job's conditions that hold, and why. */
  get conditions(): readonly string[] {
    return (this.status.conditions ?? [])
      .filter(({ status }) => status === "True")
      .map(({ type, reason }) => `${type}: ${reason}`);
  }

  /** The kubelet says that it ended. */
  async end(pod: Pod, phase: "Succeeded" | "Failed", { exitCode = phase === "Failed" ? 1 : 0 } = {}) {
    const finishedAt = formatTime(this.cluster.clock.now());
    const terminated = { exitCode, finishedAt, startedAt: finishedAt };
    const container = { name: "c", image: "i", imageID: "i", ready: false, restartCount: 0 };
    const status = { ...pod.status, phase, containerStatuses: [{ ...container, state: { terminated } }] };
    await this.cluster.updateStatus(pods, { ...this.cluster.get(pods, keyOf(pod))!, status });
    await this.cluster.settled();
  }

  async patch(patch: object): Promise<void> {
    await this.cluster.patch(jobs, "default/work", patch);
    await this.cluster.settled();
  }

  async pass(seconds: number): Promise<void> {
    this.cluster.clock.advance(seconds * 1000);
    await this.cluster.settled();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster[Symbol.asyncDispose]();
  }
}

const indexOf = ({ metadata }: Pod) => metadata.annotations?.["batch.kubernetes.io/job-completion-index"];
const indexes = (list: readonly Pod[]) => list.map(indexOf).sort();

test("Job runs as many pods at once as it may, until as many have succeeded as are wanted", async () => {
  await using rig = await Rig.start({ completions: 3, parallelism: 2 });
  assert.equal(rig.running.length, 2);
  assert.deepEqual(rig.pods[0]!.metadata.finalizers, [TRACKING]);
  assert.equal(rig.status.active, 2);

  await rig.end(rig.running[0]!, "Succeeded");
  assert.equal(rig.running.length, 2);
  assert.equal(rig.status.succeeded, 1);
  await rig.end(rig.running[0]!, "Succeeded");
  await rig.end(rig.running[0]!, "Succeeded");
  assert.deepEqual(rig.conditions, [
    "SuccessCriteriaMet: CompletionsReached",
    "Complete: CompletionsReached",
  ]);
  const { succeeded, active, ready, terminating, completionTime, uncountedTerminatedPods } = rig.status;
  assert.deepEqual([succeeded, active, ready, terminating], [3, undefined, 0, 0]);
  assert.ok(completionTime);
  assert.deepEqual(uncountedTerminatedPods, {});
  assert.ok(rig.pods.every(({ metadata }) => !metadata.finalizers?.length));
  assert.ok(rig.told.includes("Completed"));
});

test("Job without a number of completions is done with the first success, when no pod runs any more", async () => {
  await using rig = await Rig.start({ parallelism: 2 });
  assert.equal(rig.running.length, 2);
  await rig.end(rig.running[0]!, "Succeeded");
  assert.equal(rig.running.length, 1);
  assert.deepEqual(rig.conditions, []);
  await rig.end(rig.running[0]!, "Succeeded");
  assert.deepEqual(rig.conditions.at(-1), "Complete: CompletionsReached");
});

test("Job replaces a failed pod after a while, longer each time, until it has had enough", async () => {
  await using rig = await Rig.start({ backoffLimit: 1 });
  await rig.end(rig.running[0]!, "Failed");
  assert.equal(rig.running.length, 0);
  assert.equal(rig.status.failed, 1);
  await rig.pass(9);
  assert.equal(rig.running.length, 0);
  await rig.pass(2);
  assert.equal(rig.running.length, 1);
  await rig.end(rig.running[0]!, "Failed");
  assert.deepEqual(rig.conditions, ["FailureTarget: BackoffLimitExceeded", "Failed: BackoffLimitExceeded"]);
  assert.equal(rig.status.failed, 2);
  assert.ok(rig.told.includes("BackoffLimitExceeded"));
});

test("Job that runs too long takes its pods down, and is over when they are gone", async () => {
  await using rig = await Rig.start({ activeDeadlineSeconds: 60 });
  await rig.cluster.patch(pods, keyOf(rig.running[0]!), {
    metadata: { finalizers: [TRACKING, "x.io/held"] },
  });
  await rig.pass(61);
  assert.deepEqual(rig.conditions, ["FailureTarget: DeadlineExceeded"]);
  assert.equal(rig.status.terminating, 1);
  await rig.cluster.patch(pods, keyOf(rig.pods[0]!), { metadata: { finalizers: [] } });
  await rig.cluster.settled();
  assert.deepEqual(rig.conditions.at(-1), "Failed: DeadlineExceeded");
  assert.equal(rig.status.terminating, 0);
  assert.equal(rig.pods.length, 0);
});

test("Job that restarts containers counts their restarts", async () => {
  await using rig = await Rig.start({ backoffLimit: 2 }, "OnFailure");
  const pod = rig.running[0]!;
  const state = { running: { startedAt: formatTime(rig.cluster.clock.now()) } };
  const container = { name: "c", image: "i", imageID: "i", ready: false, restartCount: 2, state };
  await rig.cluster.updateStatus(pods, {
    ...pod,
    status: { phase: "Running", containerStatuses: [container] },
  });
  await rig.cluster.settled();
  assert.deepEqual(rig.conditions.at(-1), "Failed: BackoffLimitExceeded");
});

test("Job that is suspended has no pods and no start, and begins anew when it is resumed", async () => {
  await using rig = await Rig.start({ suspend: true, parallelism: 2, completions: 2 });
  assert.equal(rig.pods.length, 0);
  assert.deepEqual(rig.conditions, ["Suspended: JobSuspended"]);
  assert.equal(rig.status.startTime, undefined);

  await rig.patch({ spec: { suspend: false } });
  assert.equal(rig.running.length, 2);
  assert.ok(rig.status.startTime);
  assert.deepEqual(rig.conditions, []);

  await rig.patch({ spec: { suspend: true } });
  assert.equal(rig.running.length, 0);
  assert.equal(rig.status.failed, undefined); // nobody failed: they were not wanted
  assert.deepEqual(
    new Set(rig.told.filter((reason) => !/Create|Delete/.test(reason))),
    new Set(["Suspended", "Resumed"]),
  );
});

test("indexed Job gives each pod its index, and runs each until it has succeeded", async () => {
  await using rig = await Rig.start({ completionMode: "Indexed", completions: 3, parallelism: 3 });
  assert.deepEqual(indexes(rig.running), ["0", "1", "2"]);
  const second = rig.running.find((pod) => indexOf(pod) === "1")!;
  assert.equal(second.spec!.hostname, "work-1");
  assert.match(second.metadata.name!, /^work-1-/);
  assert.equal(second.metadata.labels!["batch.kubernetes.io/job-completion-index"], "1");
  assert.equal(second.spec!.containers[0]!.env![0]!.name, "JOB_COMPLETION_INDEX");

  await rig.end(second, "Failed");
  await rig.pass(11);
  assert.deepEqual(indexes(rig.running), ["0", "1", "2"]);
  for (const pod of rig.running) await rig.end(pod, "Succeeded");
  assert.equal(rig.status.completedIndexes, "0-2");
  assert.equal(rig.status.succeeded, 3);
  assert.deepEqual(rig.conditions.at(-1), "Complete: CompletionsReached");
});

test("indexed Job grows and shrinks with its parallelism", async () => {
  await using rig = await Rig.start({ completionMode: "Indexed", completions: 2, parallelism: 2 });
  await rig.patch({ spec: { completions: 4, parallelism: 4 } });
  assert.deepEqual(indexes(rig.running), ["0", "1", "2", "3"]);
  await rig.patch({ spec: { completions: 1, parallelism: 1 } });
  assert.deepEqual(indexes(rig.running), ["0"]);
  await rig.end(rig.running[0]!, "Succeeded");
  assert.deepEqual(rig.conditions.at(-1), "Complete: CompletionsReached");
});

test("indexed Job with a limit per index goes on with the others, and fails at their end", async () => {
  await using rig = await Rig.start({
    completionMode: "Indexed",
    completions: 2,
    parallelism: 2,
    backoffLimitPerIndex: 1,
  });
  const ofIndex = (index: string) => rig.running.find((pod) => indexOf(pod) === index);
  await rig.end(ofIndex("0")!, "Failed");
  const kept = rig.pods.find(({ status }) => status?.phase === "Failed")!;
  assert.deepEqual(kept.metadata.finalizers, [TRACKING]); // until another takes up its count
  await rig.pass(11);
  assert.equal(ofIndex("0")!.metadata.annotations!["batch.kubernetes.io/job-index-failure-count"], "1");
  await rig.end(ofIndex("0")!, "Failed");
  assert.equal(rig.status.failedIndexes, "0");
  await rig.end(ofIndex("1")!, "Succeeded");
  assert.deepEqual(rig.conditions, ["FailureTarget: FailedIndexes", "Failed: FailedIndexes"]);
  assert.deepEqual([rig.status.completedIndexes, rig.status.failed], ["1", 2]);
});

test("success policy ends a Job whose leader succeeded, and takes the others down", async () => {
  await using rig = await Rig.start({
    completionMode: "Indexed",
    completions: 3,
    parallelism: 3,
    successPolicy: { rules: [{ succeededIndexes: "0" }] },
  });
  await rig.end(
    rig.running.find((pod) => indexOf(pod) === "0")!,
    "Succeeded",
  );
  assert.deepEqual(rig.conditions, ["SuccessCriteriaMet: SuccessPolicy", "Complete: SuccessPolicy"]);
  assert.equal(rig.running.length, 0);
  assert.equal(rig.status.conditions!.at(-1)!.message, "Matched rules at index 0");
});

test("pod failure policy ignores, fails the index, or fails the Job", async () => {
  const rule = (action: string, value: number) => ({
    action,
    onExitCodes: { operator: "In", values: [value] },
  });
  await using rig = await Rig.start({
    completionMode: "Indexed",
    completions: 3,
    parallelism: 3,
    backoffLimitPerIndex: 3,
    podFailurePolicy: { rules: [rule("Ignore", 40), rule("FailIndex", 41), rule("FailJob", 42)] },
  });
  const ofIndex = (index: string) => rig.running.find((pod) => indexOf(pod) === index)!;
  await rig.end(ofIndex("0"), "Failed", { exitCode: 40 });
  await rig.end(ofIndex("1"), "Failed", { exitCode: 41 });
  assert.deepEqual([rig.status.failed, rig.status.failedIndexes], [1, "1"]);
  await rig.end(ofIndex("2"), "Failed", { exitCode: 42 });
  assert.deepEqual(rig.conditions, ["FailureTarget: PodFailurePolicy", "Failed: PodFailurePolicy"]);
  assert.match(
    rig.status.conditions!.at(-1)!.message!,
    /^Container c for pod default\/work-2-\w+ failed with exit code 42 matching FailJob rule at index 2$/,
  );
});

test("Job that replaces only what failed waits for pods on their way out", async () => {
  await using rig = await Rig.start({ podReplacementPolicy: "Failed" });
  const [pod] = rig.running;
  await rig.cluster.delete(pods, keyOf(pod!));
  await rig.cluster.settled();
  assert.deepEqual([rig.pods.length, rig.running.length, rig.status.terminating], [1, 0, 1]);
  await rig.end(pod!, "Failed");
  await rig.pass(11);
  assert.equal(rig.running.length, 1);
  assert.equal(rig.status.failed, 1);
});

test("Job of another controller is left alone", async () => {
  await using rig = await Rig.start({ managedBy: "example.com/mine" });
  assert.equal(rig.pods.length, 0);
  assert.equal(rig.status.startTime, undefined);
});

test("pods of a Job that is gone are let go", async () => {
  await using rig = await Rig.start({});
  await rig.cluster.delete(jobs, "default/work", { propagationPolicy: "Background" });
  await rig.cluster.settled();
  assert.equal(rig.pods.length, 1);
  assert.deepEqual(rig.pods[0]!.metadata.finalizers ?? [], []);
});

test("Job takes up pods that its selector matches, and counts them", async () => {
  await using rig = await Rig.start();
  await rig.end(rig.running[0]!, "Failed");
  await rig.cluster.create(pods, {
    metadata: { name: "stray", namespace: "default", labels: rig.job.spec!.template.metadata!.labels! },
    spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] },
  });
  await rig.cluster.settled();
  const [stray, ...others] = rig.running;
  assert.equal(others.length, 0);
  assert.equal(stray!.metadata.ownerReferences![0]!.name, "work");
  assert.deepEqual(stray!.metadata.finalizers, [TRACKING]);
  await rig.end(stray!, "Succeeded");
  assert.deepEqual([rig.status.failed, rig.status.succeeded], [1, 1]);
});

test("an end that was noted before a crash, and let go, is counted once", async () => {
  await using rig = await Rig.start();
  const uncountedTerminatedPods = { failed: ["gone"] };
  await rig.cluster.updateStatus(jobs, { ...rig.job, status: { ...rig.status, uncountedTerminatedPods } });
  await rig.cluster.settled();
  assert.equal(rig.status.failed, 1);
  assert.deepEqual(rig.status.uncountedTerminatedPods, {});
});
