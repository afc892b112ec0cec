/**
 * Cold start on a machine of its own: from the command to the node Ready, and to the first answer of DNS; then memory and
 * processor time of every process at rest. The floor in the same run is what Node and containerd need to start alone.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Machine } from "../test/e2e/machine.ts";
import { processorTime, proportionalMegabytes, residentMegabytes, togetherMegabytes } from "./measure.ts";

const REST_SECONDS = 20;

export async function run(): Promise<void> {
  const floor = performance.now();
  spawnSync(process.execPath, ["-e", "0"]);
  console.log(`Node.js alone: ${(performance.now() - floor).toFixed(0)} ms`);
  for (const name of ["first start", "second start, data kept"]) {
    await using machine = await Machine.create(`knarr-bench-${process.pid}`);
    if (name !== "first start") {
      await machine.knarr("up", "--detach");
      await machine.knarr("down");
    }
    const begun = performance.now();
    const { code, stdout, stderr } = await machine.knarr("up", "--detach");
    if (code !== 0) throw new Error(stderr);
    console.log(
      `\n### ${name}: ${((performance.now() - begun) / 1000).toFixed(2)} s from command to Ready and DNS answering\n\n${stdout}`,
    );
    if (name !== "first start") await rest(machine);
  }
}

async function rest(machine: Machine): Promise<void> {
  const { supervisor, processes } = JSON.parse(
    readFileSync(join(machine.folder, "run", "knarr.json"), "utf8"),
  );
  const containerd = Number(
    readFileSync(join(machine.folder, "run", "containerd", "containerd.pid"), "utf8"),
  );
  const pids: Record<string, number> = { supervisor: supervisor.pid, containerd };
  for (const [name, { pid }] of Object.entries<{ pid: number }>(processes)) pids[name] = pid;
  await delay(5000);
  const before = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, processorTime([pid])]));
  await delay(REST_SECONDS * 1000);
  console.log("| process | resident MB | proportional (Pss) MB | % of a core at rest |\n|---|---|---|---|");
  let ours = 0;
  for (const [name, pid] of Object.entries(pids)) {
    const percent = (processorTime([pid]) - before[name]!) / (REST_SECONDS * 10);
    if (name !== "containerd") ours += percent;
    const memory = `${residentMegabytes([pid]).toFixed(0)} | ${proportionalMegabytes(pid).toFixed(0)}`;
    console.log(`| ${name} | ${memory} | ${percent.toFixed(2)} |`);
  }
  const { containerd: _, ...knarr } = pids;
  const together = togetherMegabytes(Object.values(knarr)).toFixed(0);
  console.log(`| Knarr's together, shared pages once | ${together} | | ${ours.toFixed(2)} |`);
}
