/**
 * How large the store's file grows in a day of a cluster, beside what is live in it: leases, statuses, pods that come and go with their events, on a
 * clock that is advanced a minute at a time. History is forgotten as in a real server, five minutes back.
 */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { FakeClock } from "@knarr/std/clock.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";

interface Cluster {
  readonly name: string;
  readonly nodes: number;
  readonly pods: number;
  /** Pods that are replaced in a minute. */
  readonly replaced: number;
}

const clusters: readonly Cluster[] = [
  { name: "1 node, 30 pods, 1 replaced a minute", nodes: 1, pods: 30, replaced: 1 },
  { name: "20 nodes, 500 pods, 5 replaced a minute", nodes: 20, pods: 500, replaced: 5 },
];
const MINUTES = 24 * 60;
const EVENTS_LAST = 60;
/** Bytes of an ordinary one. */
const SIZES = {
  lease: 450,
  node: 12_000,
  pod: 3_500,
  event: 900,
  workload: 3_000,
  slice: 4_000,
  config: 2_000,
};
/** The worker forgets and gives space back when nobody has written for 100 ms: a minute's work is done by then. */
const QUIET_MS = 600;
/** After so long its write-ahead log, which a day in two minutes keeps long, has its length at rest. */
const REST_MS = 11_000;
const REST_MINUTES = 240;

export async function run(): Promise<void> {
  console.log(
    "| cluster | writes | live MB | file MB | its log MB | ratio | of the file alone | at the end MB |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const cluster of clusters) console.log(await day(cluster));
}

async function day(cluster: Cluster): Promise<string> {
  const folder = mkdtempSync(join(process.env["KNARR_BENCH_DIR"] ?? tmpdir(), "knarr-bench-day-"));
  const path = join(folder, "state.db");
  const clock = new FakeClock();
  try {
    await using store = await SqliteStore.open({ path, clock });
    const objects = new Objects(store);
    await objects.begin(cluster);
    let worst = { ratio: 0, file: 0, log: 0, live: 1 };
    let worstOfFile = 0;
    const measured = () => {
      const [file, log] = [statSync(path).size, statSync(`${path}-wal`).size];
      return { file, log, live: objects.bytes, ratio: (file + log) / objects.bytes };
    };
    for (let minute = 0; minute < MINUTES; minute++) {
      await objects.minute(cluster, minute);
      clock.advance(60_000);
      if (minute % 20 !== 19) continue;
      const rests = minute % REST_MINUTES === REST_MINUTES - 1;
      await delay(rests ? REST_MS : QUIET_MS);
      const now = measured();
      worstOfFile = Math.max(worstOfFile, now.file / now.live);
      if (rests && now.ratio > worst.ratio) worst = now;
    }
    const end = measured();
    const cells = [
      cluster.name,
      objects.writes,
      mb(worst.live),
      mb(worst.file),
      mb(worst.log),
      worst.ratio.toFixed(2),
      worstOfFile.toFixed(2),
      mb(end.file + end.log),
    ];
    return `| ${cells.join(" | ")} |`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All there is, and how large. */
class Objects {
  readonly #store: SqliteStore;
  readonly #live = new Map<string, { revision: number; size: number }>();
  /** Pods, the oldest first. */
  readonly #pods: string[] = [];
  readonly #events: string[][] = [];
  #made = 0;
  writes = 0;

  constructor(store: SqliteStore) {
    this.#store = store;
  }

  /** Of live keys and values. */
  get bytes(): number {
    let sum = 0;
    for (const [key, { size }] of this.#live) sum += key.length + size;
    return sum;
  }

  async begin({ nodes, pods }: Cluster): Promise<void> {
    for (let i = 0; i < nodes; i++) {
      await this.#put(`/registry/minions/node-${i}`, SIZES.node);
      await this.#put(`/registry/leases/kube-node-lease/node-${i}`, SIZES.lease);
    }
    for (let i = 0; i < pods; i++) this.#pods.push(await this.#newPod());
    for (let i = 0; i < pods / 2; i++)
      await this.#put(`/registry/configmaps/default/config-${i}`, SIZES.config);
    for (let i = 0; i < pods / 5; i++) {
      await this.#put(`/registry/deployments/default/web-${i}`, SIZES.workload);
      await this.#put(`/registry/replicasets/default/web-${i}-5d8f9`, SIZES.workload);
      await this.#put(`/registry/endpointslices/default/web-${i}`, SIZES.slice);
    }
    // what every cluster has from its start: roles, flow schemas and the like
    for (let i = 0; i < 190; i++) await this.#put(`/registry/clusterroles/system:role-${i}`, 1200);
  }

  async minute({ nodes, pods, replaced }: Cluster, minute: number): Promise<void> {
    for (let tenSeconds = 0; tenSeconds < 6; tenSeconds++)
      await Promise.all(
        Array.from({ length: nodes }, (_, i) =>
          this.#put(`/registry/leases/kube-node-lease/node-${i}`, SIZES.lease),
        ),
      );
    for (let i = minute % 5; i < nodes; i += 5) await this.#put(`/registry/minions/node-${i}`, SIZES.node);
    const events: string[] = [];
    for (let i = 0; i < replaced; i++) {
      const workload = (minute + i) % Math.ceil(pods / 5);
      const pod = await this.#newPod();
      for (let status = 0; status < 4; status++) await this.#put(pod, SIZES.pod + 300 * status);
      for (let event = 0; event < 6; event++) events.push(await this.#newEvent());
      for (const kind of ["deployments", "replicasets", "endpointslices"]) {
        const key = `/registry/${kind}/default/web-${workload}${kind === "replicasets" ? "-5d8f9" : ""}`;
        for (let update = 0; update < 2; update++) await this.#put(key, SIZES.workload);
      }
      this.#pods.push(pod);
      await this.#delete(this.#pods.shift()!);
    }
    this.#events.push(events);
    if (this.#events.length > EVENTS_LAST)
      await Promise.all(this.#events.shift()!.map((key) => this.#delete(key)));
  }

  async #newPod(): Promise<string> {
    const key = `/registry/pods/default/web-5d8f9-${(this.#made++).toString(36).padStart(5, "0")}`;
    await this.#put(key, SIZES.pod);
    return key;
  }

  async #newEvent(): Promise<string> {
    const key = `/registry/events/default/web-5d8f9.${(0x17f0_0000_0000 + this.#made++).toString(16)}`;
    await this.#put(key, SIZES.event);
    return key;
  }

  async #put(key: string, size: number): Promise<void> {
    const { revision } = await this.#store.put(
      key,
      Buffer.alloc(size, "x"),
      this.#live.get(key)?.revision ?? 0,
    );
    this.#live.set(key, { revision, size });
    this.writes++;
  }

  async #delete(key: string): Promise<void> {
    await this.#store.delete(key, this.#live.get(key)!.revision);
    this.#live.delete(key);
    this.writes++;
  }
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
