/**
 * How long a writer of the store waits while its file is checked and backed up: one that writes all the time, one write after the other, beside a file of
 * 1 GB (KNARR_BENCH_MB says otherwise).
 */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";

const MEGABYTES = Number(process.env["KNARR_BENCH_MB"] ?? 1000);
/** The size of an ordinary pod. */
const VALUE = Buffer.alloc(1500, "x");
const AT_ONCE = 2000;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(process.env["KNARR_BENCH_DIR"] ?? tmpdir(), "knarr-bench-upkeep-"));
  try {
    const path = join(folder, "store.db");
    await using store = await SqliteStore.open({ path });
    for (let i = 0; statSync(path).size < MEGABYTES * 1e6; i += AT_ONCE)
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, j) => store.put(`/registry/pods/default/pod-${i + j}`, VALUE, 0)),
      );
    console.log(`A file of ${mb(statSync(path).size)} MB.\n`);
    console.log("| meanwhile | it takes s | writes | p50 ms | p99 ms | longest ms | its log afterwards MB |");
    console.log("|---|---|---|---|---|---|---|");
    const log = () => mb(statSync(`${path}-wal`).size);
    console.log(row(await writing(store, () => delay(5000)), "nothing", log()));
    console.log(row(await writing(store, async () => void (await store.check())), "check", log()));
    console.log(row(await writing(store, () => store.backup(join(folder, "copy.db"))), "backup", log()));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes until `work` is done: how long each took. */
async function writing(
  store: SqliteStore,
  work: () => Promise<void>,
): Promise<{ ms: number[]; seconds: number }> {
  const ms: number[] = [];
  let isDone = false;
  let revision = (await store.get("/writer"))?.revision ?? 0;
  const started = performance.now();
  const working = work().finally(() => (isDone = true));
  while (!isDone) {
    const before = performance.now();
    ({ revision } = await store.put("/writer", VALUE, revision));
    ms.push(performance.now() - before);
  }
  await working;
  return { ms: ms.sort((a, b) => a - b), seconds: (performance.now() - started) / 1000 };
}

function row({ ms, seconds }: { ms: number[]; seconds: number }, name: string, log: string): string {
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))]!.toFixed(1);
  return `| ${[name, seconds.toFixed(1), ms.length, at(0.5), at(0.99), at(1), log].join(" | ")} |`;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
