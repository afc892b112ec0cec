/**
 * A long fuzz of the API server: `tools/run tools/fuzz.ts [--seconds 600] [--seed N] [--show 20]`. Each round has a seed and a server of its own;
 * what is found is shown once per sort, with the request as JSON, and the program ends with 1. With `--expose-gc` it also says what memory stays.
 */

import { parseArgs } from "node:util";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { everythingStored, fuzzRound, readEverything, type Finding } from "../test/fuzz/fuzz.ts";
import type { FuzzRequest } from "../test/fuzz/requests.ts";
import { Target } from "../test/fuzz/target.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    requests: { type: "string", default: "3000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    show: { type: "string", default: "20" },
  },
});
const until = Date.now() + Number(values.seconds) * 1000;
/** The slowest requests: one that holds up all others for long would be a finding, too. */
const slowest: { milliseconds: number; request: FuzzRequest }[] = [];
const found = new Map<string, Finding & { times: number }>();
process.on("unhandledRejection", (err) =>
  note({ what: `unhandled: ${(err as Error)?.stack ?? String(err)}` }),
);

for (let seed = Number(values.seed); Date.now() < until; seed++) {
  await using store = new MemoryStore();
  let before: Map<string, string>;
  {
    await using target = await Target.start(store);
    const started = performance.now();
    for (const finding of await fuzzRound(target, { seed, until, requests: Number(values.requests), timed }))
      note(finding);
    before = await everythingStored(target);
    global.gc?.();
    const megabytes = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
    console.log(
      `seed ${seed}: ${Math.round(performance.now() - started)} ms, heap ${megabytes} MB, ${found.size} sorts of findings`,
    );
  }
  await using target = await Target.start(store);
  for (const finding of await readEverything(target)) note(finding);
  const after = await everythingStored(target);
  for (const [path, text] of before)
    if (after.get(path) !== text)
      note({ what: `${path.split(" ")[0]} is otherwise after a restart: ${text} ${after.get(path)}` });
}

for (const { what, request, reply, times } of [...found.values()].slice(0, Number(values.show))) {
  const { body, ...rest } = request ?? {};
  console.log(
    `\n${times}x ${what.split("\n").slice(0, 5).join("\n")}\n  ${JSON.stringify(rest)}\n  ${body?.toString().slice(0, 600) ?? ""}`,
  );
  if (reply) console.log(`  -> ${reply.code} ${reply.text.slice(0, 300)}`);
}
for (const { milliseconds, request } of slowest)
  console.log(
    `${Math.round(milliseconds)} ms: ${request.method} ${request.path.slice(0, 200)} ${request.headers["content-type"] ?? ""} ${request.body?.subarray(0, 60) ?? ""}`,
  );
process.exitCode = found.size > 0 ? 1 : 0;

function timed(request: FuzzRequest, milliseconds: number): void {
  slowest.push({ milliseconds, request });
  slowest.sort((a, b) => b.milliseconds - a.milliseconds);
  slowest.splice(10);
}

/** Findings of one sort have the same first lines; figures and quoted names do not count. */
function note(finding: Finding): void {
  const { text = "" } = finding.reply ?? {};
  const method = finding.what === "no answer" ? finding.request?.method : "";
  const sort =
    `${method} ${finding.what.split("\n").slice(0, 3).join("\n")} ${text.slice(0, 150)}`.replaceAll(
      /\d+|"[^"]*"/g,
      "#",
    );
  const { times } = found.getOrInsert(sort, { ...finding, times: 0 });
  found.set(sort, { ...found.get(sort)!, times: times + 1 });
}
