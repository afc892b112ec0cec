/** CronJobs: a Job for each moment, by the policy for those that still run, with as much history as is wanted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cronJob as cronJobs } from "@knarr/kinds/batch/cron-job.ts";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import type { CronJob, CronJobSpec, Job } from "@knarr/kinds/generated/batch-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { cronJobController } from "./controller.ts";

const START = "2026-01-05T08:00:30Z";
const MINUTE = 60_000;

class Rig implements AsyncDisposable {
  readonly cluster: TestCluster;

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async start(spec: Partial<CronJobSpec> = {}): Promise<Rig> {
    const clock = new FakeClock(Date.parse(START));
    const controllers = [cronJobController({ localZone: "UTC" })];
    const rig = new Rig(await TestCluster.start({ controllers, clock }));
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } };
    await rig.cluster.create(cronJobs, {
      metadata: { name: "tick", namespace: "default" },
      spec: {
        schedule: "* * * * *",
        jobTemplate: { metadata: { labels: { of: "tick" } }, spec: { template } },
        ...spec,
      },
    });
    await rig.cluster.settled();
    return rig;
  }

  get cronJob(): CronJob {
    return this.cluster.get(cronJobs, "default/tick")!;
  }

  get jobs(): readonly Job[] {
    return this.cluster.list(jobs);
  }

  get told(): readonly string[] {
    return this.cluster.list(events).map(({ reason }) => reason ?? "");
  }

  /** The job controller says that it is over. */
  async end(job: Job, type: "Complete" | "Failed"): Promise<void> {
    const time = formatTime(this.cluster.clock.now());
    const condition = (name: string) => ({ type: name, status: "True", lastTransitionTime: time });
    const before = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    await this.cluster.updateStatus(jobs, {
      ...job,
      status: {
        startTime: time,
        ...(type === "Complete" && { completionTime: time }),
        conditions: [condition(before), condition(type)],
      },
    });
    await this.cluster.settled();
  }

  async patch(spec: object): Promise<void> {
    await this.cluster.patch(cronJobs, "default/tick", { spec });
    await this.cluster.settled();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster[Symbol.asyncDispose]();
  }
}

test("CronJob makes a Job for each moment, named after it, and refers to it while it runs", async () => {
  await using rig = await Rig.start();
  assert.equal(rig.jobs.length, 0);
  await rig.cluster.pass(MINUTE / 2 + 200);
  const [job] = rig.jobs;
  assert.equal(job!.metadata.name, `tick-${Date.parse("2026-01-05T08:01:00Z") / MINUTE}`);
  assert.equal(job!.metadata.labels!["of"], "tick");
  const annotations = { "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-05T08:01:00Z" };
  assert.deepEqual(job!.metadata.annotations, annotations);
  assert.equal(job!.metadata.ownerReferences![0]!.name, "tick");
  assert.equal(rig.cronJob.status!.lastScheduleTime, "2026-01-05T08:01:00Z");
  assert.deepEqual(
    rig.cronJob.status!.active!.map(({ name }) => name),
    [job!.metadata.name],
  );

  await rig.end(job!, "Complete");
  assert.equal(rig.cronJob.status!.active, undefined);
  assert.ok(rig.cronJob.status!.lastSuccessfulTime);
  await rig.cluster.pass(MINUTE);
  assert.equal(rig.jobs.length, 2);
  assert.deepEqual([...new Set(rig.told)].sort(), ["SawCompletedJob", "SuccessfulCreate"]);
});

test("CronJob follows the clocks of its time zone", async () => {
  await using rig = await Rig.start({ schedule: "1 9 * * *", timeZone: "Europe/Oslo" });
  await rig.cluster.pass(MINUTE);
  const annotations = rig.jobs[0]!.metadata.annotations!;
  assert.equal(annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], "2026-01-05T09:01:00+01:00");
});

test("CronJob that allows it starts a second Job beside the first", async () => {
  await using rig = await Rig.start({ concurrencyPolicy: "Allow" });
  await rig.cluster.pass(MINUTE);
  await rig.cluster.pass(MINUTE);
  assert.equal(rig.cronJob.status!.active!.length, 2);
});

test("CronJob that forbids it waits until the first is over", async () => {
  await using rig = await Rig.start({ concurrencyPolicy: "Forbid" });
  await rig.cluster.pass(MINUTE);
  const [first] = rig.jobs;
  await rig.cluster.pass(MINUTE);
  assert.equal(rig.jobs.length, 1);
  assert.ok(rig.told.includes("JobAlreadyActive"));
  await rig.end(first!, "Complete");
  assert.equal(rig.jobs.length, 2); // the moment that was missed is made up for
});

test("CronJob that replaces takes the first down", async () => {
  await using rig = await Rig.start({ concurrencyPolicy: "Replace" });
  await rig.cluster.pass(MINUTE);
  const [first] = rig.jobs;
  await rig.cluster.pass(MINUTE);
  assert.equal(rig.jobs.length, 1);
  assert.notEqual(rig.jobs[0]!.metadata.name, first!.metadata.name);
  assert.equal(rig.cronJob.status!.active!.length, 1);
});

test("CronJob that is suspended starts nothing, and then makes up for the last moment alone", async () => {
  await using rig = await Rig.start({ suspend: true });
  for (let i = 0; i < 3; i++) await rig.cluster.pass(MINUTE);
  assert.equal(rig.jobs.length, 0);
  await rig.patch({ suspend: false });
  assert.deepEqual(
    rig.jobs.map(({ metadata }) => metadata.name),
    [`tick-${Date.parse("2026-01-05T08:03:00Z") / MINUTE}`],
  );
});

test("CronJob with another schedule does not make up for moments before it", async () => {
  await using rig = await Rig.start({ schedule: "0 0 1 1 *" });
  await rig.cluster.pass(10 * MINUTE);
  await rig.patch({ schedule: "*/2 * * * *" });
  assert.equal(rig.jobs.length, 0);
  await rig.cluster.pass(2 * MINUTE);
  assert.equal(rig.jobs.length, 1);
});

test("CronJob keeps as many Jobs that are over as its history wants", async () => {
  await using rig = await Rig.start({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
  for (const end of ["Complete", "Failed", "Complete"] as const) {
    await rig.cluster.pass(MINUTE);
    const active = rig.jobs.find((job) => !job.status?.conditions?.length)!;
    await rig.end(active, end);
  }
  assert.equal(rig.jobs.length, 1);
  assert.equal(rig.cronJob.status!.active, undefined);
  assert.ok(rig.told.includes("SuccessfulDelete"));
});

test("CronJob forgets a Job that somebody deleted, and does not start it again", async () => {
  await using rig = await Rig.start();
  await rig.cluster.pass(MINUTE);
  await rig.cluster.delete(jobs, keyOf(rig.jobs[0]!), { propagationPolicy: "Background" });
  await rig.cluster.settled();
  assert.equal(rig.cronJob.status!.active, undefined);
  assert.ok(rig.told.includes("MissingJob"));
  assert.equal(rig.jobs.length, 0);
});
