/**
 * Runs benchmarks: `npm run bench` all of them, `npm run bench -- api start` some. Each measures against a peer or a floor in the
 * same run, and prints lines for docs/performance.md. None is a test: speed depends on the machine.
 */

import { execFileSync } from "node:child_process";

const benches: Readonly<Record<string, () => Promise<{ readonly run: () => Promise<void> }>>> = {
  api: () => import("./api.ts"),
  "custom-resources": () => import("./custom-resources.ts"),
  start: () => import("./start.ts"),
  pods: () => import("./pods.ts"),
  scheduler: () => import("./scheduler.ts"),
  store: () => import("./store.ts"),
  upkeep: () => import("./upkeep.ts"),
  day: () => import("./day.ts"),
  cache: () => import("./cache.ts"),
  watch: () => import("./watch.ts"),
  lists: () => import("./lists.ts"),
  profile: () => import("./profile.ts"),
  memory: () => import("./memory.ts"),
  fairness: () => import("./fairness.ts"),
  dns: () => import("./dns.ts"),
};

/** Those that load a server in a process of its own: they have room, so that nobody waits for what they themselves collect, and can do so when they like. */
const clients = ["api", "watch", "lists", "fairness", "custom-resources"];
const ROOM = ["--max-semi-space-size=64", "--initial-heap-size=1024", "--expose-gc"];

const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : Object.keys(benches)) {
  const load = benches[name];
  if (!load)
    throw new Error(
      `Cannot run benchmark ${JSON.stringify(name)}: wants one of ${Object.keys(benches).join(", ")}`,
    );
  if (clients.includes(name) && !process.execArgv.includes(ROOM[0]!)) {
    const words = [...process.execArgv, ...ROOM, import.meta.filename, name];
    execFileSync(process.execPath, words, { stdio: "inherit" });
    continue;
  }
  console.log(`\n## ${name}`);
  await (await load()).run();
}
