/**
 * The API server under load, beside upstream's kube-apiserver with etcd when its binaries are at hand (CONFORMANCE_DIR). Each operation is done in
 * turns, now by the one, now by the other, so that what else the machine does meets both alike.
 */

import { setTimeout as delay } from "node:timers/promises";
import { OPERATIONS, watchRows, type Side } from "./api-operations.ts";
import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { HEADER, residentMegabytes, row, summed, type Measured, type Sample } from "./measure.ts";
import { quiet } from "./quiet.ts";
import { fill } from "./requests.ts";
import { startUpstream } from "./upstream.ts";

/** What is measured is a server that has been up for a while, not its compiler: V8's is at work for some 20,000 writes, upstream's was before. */
const WARM_TURNS = { ours: 6, theirs: 1 };
const TURNS = 5;
/** Ours gives back then what only its start took, compiled code too. */
const START_REST_MS = 8000;
/** What takes longer hangs. */
const PATIENCE_MS = 900_000;

export async function run(): Promise<void> {
  await using knarr = await startLocalKnarr();
  await using upstream = await startUpstream();
  using clients = new DisposableStack();
  const sideOf = (title: string, kubeconfig: string, pids: readonly number[]): Side => {
    return { title, kubeconfig, pids, client: clients.use(new ApiClient(kubeconfig)) };
  };
  const ours = sideOf("Knarr", knarr.kubeconfig, [knarr.serverPid]);
  const theirs = upstream && sideOf("kube-apiserver and etcd", upstream.kubeconfig, upstream.pids);
  await inTime(meet(ours, theirs));
}

/** Throws when it takes too long. */
async function inTime(work: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const why = `The servers did not do their work within ${PATIENCE_MS / 1000} s`;
  const timer = setTimeout(() => reject(new Error(why)), PATIENCE_MS);
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function meet(ours: Side, theirs: Side | undefined): Promise<void> {
  const sides = theirs ? [ours, theirs] : [ours];
  for (const { client } of sides) await fill(client);
  await delay(START_REST_MS);
  if (theirs) await warm(theirs, WARM_TURNS.theirs);
  await warm(ours, WARM_TURNS.ours);
  const before = sides.map(({ pids }) => residentMegabytes(pids));
  const results = await contest(sides);
  for (const [i, { title, pids }] of sides.entries()) {
    const resident = [before[i]!, residentMegabytes(pids)].map((megabytes) => megabytes.toFixed(0));
    console.log(
      `\n### ${title} (${resident[0]} MB when warm, ${resident[1]} MB after the load)\n\n${HEADER}`,
    );
    for (const measured of results[i]!) console.log(row(measured));
  }
  if (theirs) compare(results[0]!, results[1]!);
  else console.log("\nNo upstream binaries in CONFORMANCE_DIR: nothing to compare with.");
}

async function warm(side: Side, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) for (const { run } of OPERATIONS) await run(side, `warm-${turn}`);
}

/** What each side did, in the order of OPERATIONS. */
async function contest(sides: readonly Side[]): Promise<Measured[][]> {
  const samples = sides.map(() => new Map<string, Sample[]>());
  for (const { name, repeats = 1, run } of OPERATIONS) {
    for (let turn = 0; turn < TURNS * repeats; turn++)
      for (const [i, side] of sides.entries()) {
        await quiet(sides.flatMap(({ pids }) => pids));
        samples[i]!.getOrInsertComputed(name, () => []).push(await run(side, `turn-${turn}`));
      }
  }
  return samples.map((of) => watchRows([...of].map(([name, taken]) => summed(name, taken))));
}

function compare(ours: readonly Measured[], theirs: readonly Measured[]): void {
  console.log(
    "\n| operation | operations a second, ratio | operations a CPU second, ratio | our p99 for their p50 |\n|---|---|---|---|",
  );
  for (const [i, { name, perSecond, cpu, p99 }] of ours.entries()) {
    const peer = theirs[i]!;
    const ratios = [perSecond / peer.perSecond, peer.cpu / cpu, p99 / peer.p50];
    console.log(`| ${name} | ${ratios.map((ratio) => ratio.toFixed(1)).join(" | ")} |`);
  }
}
