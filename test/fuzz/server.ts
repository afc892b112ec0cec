/**
 * The server process of a fuzz, over the database and the keys in the folder on the command line. Tells its parent its port, and, when asked, how
 * it is. What nobody caught ends it, as it would end any server.
 */

import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { writeHeapSnapshot } from "node:v8";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import type { Fields, Logger } from "@knarr/std/log.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import { HurriedClock } from "./hurried-clock.ts";

/** How the server is, and what it did since it was last asked. */
export interface Condition {
  /** What it logged as errors. */
  readonly errors: readonly string[];
  /** What every object of the process has now that it should not have (`__proto__`). */
  readonly polluted: readonly string[];
  /** What the event loop's thread computed, in milliseconds: nobody else was served meanwhile. */
  readonly busyMs: number;
  /** After a garbage collection; only when it was asked for. */
  readonly heapBytes?: number;
}

export interface Question {
  /** Whether garbage is collected first, and the heap measured. */
  readonly collects?: boolean | undefined;
  /** How far the server's clock is put forward first. */
  readonly advancesMs?: number | undefined;
  /** The path of a file to write a snapshot of the heap to. */
  readonly snapshot?: string | undefined;
}

const folder = process.argv[2]!;
process.on("disconnect", () => process.exit()); // nobody is left to fuzz it

const errors: string[] = [];
const certificates = new CertificateFolder(join(folder, "pki"));
const authority = await certificates.authority("ca", "fuzz-ca");
const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
const store = await SqliteStore.open({ path: join(folder, "state.db") });
const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
const runtimeConfig = { "api/all": true };
const clock = new HurriedClock();
const server = await createApiServer({ store, listen, runtimeConfig, clock, log: keeping() });

let busy = process.threadCpuUsage();
process.on("message", async ({ collects, snapshot, advancesMs = 0 }: Question) => {
  const { user, system } = process.threadCpuUsage(busy);
  if (advancesMs > 0) await hurry(advancesMs);
  const heapBytes = collects || snapshot ? await heapAfterCollection() : undefined;
  if (snapshot) writeHeapSnapshot(snapshot);
  const condition: Condition = {
    ...{ errors: errors.splice(0), polluted: pollution(), busyMs: (user + system) / 1000 },
    ...(heapBytes !== undefined && { heapBytes }),
  };
  process.send!(condition);
  busy = process.threadCpuUsage();
});
process.send!({ port: server.address!.port });

/** In steps, so that what is done once a minute is done more than once; each is given time to be done. */
async function hurry(ms: number): Promise<void> {
  for (let i = 0; i < 5; i++) {
    clock.advance(ms / 5);
    for (let turns = 0; turns < 20; turns++) await turn();
  }
}

/** Twice, as what has to be told of its end is freed after that only. */
async function heapAfterCollection(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    global.gc!();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

function pollution(): string[] {
  const found: string[] = [];
  for (const name in {}) {
    found.push(name);
    delete (Object.prototype as any)[name];
  }
  return found;
}

function keeping(): Logger {
  const log: Logger = {
    error: (message, fields = {}) => void errors.push(`${message}: ${reasonOf(fields)}`),
    info() {},
    debug() {},
    with: () => log,
  };
  return log;
}

function reasonOf(fields: Fields): string {
  const { error, err = error } = fields;
  return err instanceof Error ? (err.stack ?? err.message) : JSON.stringify(fields);
}
