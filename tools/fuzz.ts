/**
 * A long fuzz of the API server: `tools/run tools/fuzz.ts [--minutes 10] [--seed N] [--show 20] [--storm]`. Each round has a seed and a server of its own;
 * what is found is shown once per sort, made as small as it can be, as a line for curl; then the program ends with 1.
 * `--storm` asks at the end what storms of requests leave in memory, by growth and by constructors in snapshots of the heap.
 */

import { parseArgs } from "node:util";
import { configRound } from "../test/fuzz/config-files.ts";
import { everythingStored, fuzzRound, layFoundations, readEverything } from "../test/fuzz/fuzz.ts";
import { tryOne, type Finding } from "../test/fuzz/judge.ts";
import { leaksOf, lives } from "../test/fuzz/leaks.ts";
import { whatStays } from "../test/fuzz/remains.ts";
import { Random } from "../test/fuzz/random.ts";
import type { FuzzRequest } from "../test/fuzz/requests.ts";
import { curlLine, shrunk } from "../test/fuzz/shrink.ts";
import { Target } from "../test/fuzz/target.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    requests: { type: "string", default: "3000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    storm: { type: "boolean", default: false },
    show: { type: "string", default: "20" },
  },
});
const until = Date.now() + Number(values.minutes) * 60_000;
/** The slowest requests: one that holds up all others for long would be a finding, too. */
const slowest: { milliseconds: number; request: FuzzRequest }[] = [];
/** How many requests each storm has that must leave nothing in memory. */
const STORM = 2000;
const found = new Map<string, Finding & { times: number }>();
let asked = 0;

for (let seed = Number(values.seed); Date.now() < until; seed++) {
  await using target = await Target.start();
  const started = performance.now();
  for (const finding of await fuzzRound(target, { seed, until, requests: Number(values.requests), timed }))
    await note(target, finding);
  const { findings } = await configRound(new Random(seed), Math.ceil(Number(values.requests) / 50));
  for (const finding of findings) await note(target, finding);
  const before = await everythingStored(target);
  const { heapBytes } = await target.condition({ collects: true });
  console.log(
    `seed ${seed}: ${Math.round(performance.now() - started)} ms, ${asked} requests so far, heap ${Math.round(heapBytes! / 2 ** 20)} MB, ${found.size} sorts of findings`,
  );
  await target.restart();
  for (const finding of await readEverything(target)) await note(target, finding);
  const after = await everythingStored(target);
  for (const [path, text] of before)
    if (after.get(path) !== text)
      await note(target, {
        what: `${path.split(" ")[0]} is otherwise after a restart: ${text} ${after.get(path)}`,
      });
}

if (values.storm) {
  await using target = await Target.start();
  await layFoundations(target);
  const stayed = await whatStays(target, STORM);
  for (const finding of stayed) await note(target, finding);
  console.log(
    `storms of ${STORM} requests of each sort: ${stayed.length} sorts of which something stays in memory`,
  );
  for (const life of lives) {
    const leaks = await leaksOf(target, life);
    for (const finding of leaks) await note(target, finding);
    console.log(
      `${life.rounds} lives of ${life.name}, four times: ${leaks.length} constructors grew with them`,
    );
  }
}
for (const { milliseconds, request } of slowest)
  console.log(`${Math.round(milliseconds)} ms: ${curlLine(request).slice(0, 300)}`);
process.exitCode = found.size > 0 ? 1 : 0;

function timed(request: FuzzRequest, milliseconds: number): void {
  asked++;
  slowest.push({ milliseconds, request });
  slowest.sort((a, b) => b.milliseconds - a.milliseconds);
  slowest.splice(10);
}

/** The first of each sort is shown at once, so that nothing is lost when this program is ended. */
async function note(target: Target, finding: Finding): Promise<void> {
  const sort = sortOf(finding);
  const { times } = found.getOrInsert(sort, { ...finding, times: 0 });
  found.set(sort, { ...found.get(sort)!, times: times + 1 });
  if (times > 0 || found.size > Number(values.show)) return;
  const { what, request, reply } = finding;
  const isSame = async (smaller: FuzzRequest): Promise<boolean> =>
    (await tryOne(target, smaller)).some((other) => sortOf(other) === sort);
  console.log(`\n${what.split("\n").slice(0, 8).join("\n")}`);
  if (reply) console.log(`  -> ${reply.code} ${reply.text.slice(0, 300)}`);
  if (request) console.log(`  ${curlLine(await shrunk(request, isSame))}`);
}

/** Findings of one sort have the same first lines; figures and quoted names do not count. */
function sortOf({ what, request, reply }: Finding): string {
  const method = what === "no answer" ? request?.method : "";
  return `${method} ${what.split("\n").slice(0, 3).join("\n")} ${reply?.text.slice(0, 150) ?? ""}`.replaceAll(
    /\d+|"[^"]*"|ms$/g,
    "#",
  );
}
