/**
 * Runs benchmarks: `npm run bench` all of them, `npm run bench -- api start` some. Each measures against a peer or a floor in the
 * same run, and prints lines for docs/performance.md. None is a test: speed depends on the machine.
 */

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

const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : Object.keys(benches)) {
  const load = benches[name];
  if (!load)
    throw new Error(
      `Cannot run benchmark ${JSON.stringify(name)}: wants one of ${Object.keys(benches).join(", ")}`,
    );
  console.log(`\n## ${name}`);
  await (await load()).run();
}
