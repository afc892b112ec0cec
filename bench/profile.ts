/**
 * Where the processor time of a request goes, path by path: what each thread of the server uses for one, and the event loop's share by layer, from V8's profile.
 * With KNARR_BENCH_CHECKOUT (the folder of another checkout) its server does the same work in turn, and the table shows "that / this".
 * KNARR_BENCH_PROFILES names a folder for the profiles themselves, which Chromium's developer tools open.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiClient } from "./api-client.ts";
import { Inspector, INSPECTABLE, type CpuProfile } from "./inspector.ts";
import { layerNames, OUTSIDE, timeByLayer } from "./layers.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { walk, WARM_ROUNDS, type Observe } from "./paths.ts";
import { fill } from "./requests.ts";
import { EVENT_LOOP, threadNames, threadTimes } from "./threads.ts";

const PORT = 17811;
/** Without a profiler, which slows a server down by half. */
const MEASURED_ROUNDS = 3;
const PROFILED_ROUNDS = 2;

/** A checkout, and what was seen of each path in its servers. */
interface Side {
  readonly name: "that" | "this";
  readonly checkout?: string;
  readonly seen: Map<string, Seen>;
}

/** A server of it under load. */
interface Started extends Side {
  readonly client: ApiClient;
  readonly kubeconfig: string;
  readonly pid: number;
  readonly log: string;
}

/** Of one path, added up over the rounds; all in microseconds. */
class Seen {
  times = 0;
  /** By thread, in measured rounds. */
  readonly threads = new Map<string, number>();
  /** Of the event loop in profiled rounds, by layer, as far as the profile sees it. */
  readonly layers = new Map<string, number>();
  /** Of the event loop in profiled rounds, as the kernel counts it. */
  profiled = 0;
}

export async function run(): Promise<void> {
  const checkout = process.env["KNARR_BENCH_CHECKOUT"];
  const other: Side[] = checkout ? [{ name: "that", checkout, seen: new Map() }] : [];
  const sides: Side[] = [...other, { name: "this", seen: new Map() }];
  // Two processes of one program may differ by some hundredths for as long as they run.
  for (const order of [sides, sides.toReversed()]) await load(order);
  print(sides);
}

/** All rounds, with fresh servers. */
async function load(sides: readonly Side[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers: Started[] = [];
  for (const side of sides) servers.push(await start(stack, side));
  let round = 0;
  const rounds = async (count: number, observe: (server: Started) => Observe): Promise<void> => {
    // In turn, so that what else the machine does meets both alike.
    for (const end = round + count; round < end; round++)
      for (const server of servers) await walk({ ...server, round, observe: observe(server) });
  };
  await rounds(WARM_ROUNDS, () => (_path, _times, work) => work());
  await rounds(MEASURED_ROUNDS, measureThreads);
  const inspectors = new Map<Started, Inspector>();
  for (const server of servers)
    inspectors.set(server, stack.use(await Inspector.attach(server.pid, server.log)));
  await rounds(PROFILED_ROUNDS, (server) => profileLayers(server, inspectors.get(server)!));
}

async function start(stack: AsyncDisposableStack, side: Side): Promise<Started> {
  const { name, checkout } = side;
  const port = name === "this" ? PORT : PORT + 1;
  const knarr = stack.use(await startLocalKnarr({ port, env: INSPECTABLE, ...(checkout && { checkout }) }));
  const { kubeconfig, serverPid: pid, folder } = knarr;
  const client = stack.use(new ApiClient(kubeconfig));
  await fill(client);
  return { ...side, client, kubeconfig, pid, log: join(folder, "log", "server.log") };
}

function measureThreads({ pid, seen }: Started): Observe {
  return async (path, times, work) => {
    const of = seen.getOrInsertComputed(path, () => new Seen());
    const before = threadTimes(pid);
    await work();
    for (const [thread, time] of threadTimes(pid)) add(of.threads, thread, time - before.get(thread)!);
    of.times += times;
  };
}

function profileLayers({ name, pid, seen }: Started, inspector: Inspector): Observe {
  return async (path, _times, work) => {
    const of = seen.get(path)!;
    const loopTime = (): number => threadTimes(pid).get(EVENT_LOOP)!;
    const profile = await inspector.record(async () => {
      const before = loopTime();
      await work();
      of.profiled += loopTime() - before;
    });
    for (const [layer, time] of timeByLayer(profile)) add(of.layers, layer, time);
    keep(`${name}-${path.replaceAll(/[ ,]+/g, "-")}`, profile);
  };
}

/** The last round's stays. */
function keep(name: string, profile: CpuProfile): void {
  const folder = process.env["KNARR_BENCH_PROFILES"];
  if (folder) writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function print(sides: readonly Side[]): void {
  const paths = [...sides[0]!.seen.keys()];
  const line = (name: string, figure: (seen: Seen) => number): void => {
    const cells = paths.map((path) =>
      sides.map(({ seen }) => text(figure(seen.get(path)!) / seen.get(path)!.times)).join(" / "),
    );
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  };
  console.log(`| µs of CPU for one | ${paths.join(" | ")} |\n|---|${"---|".repeat(paths.length)}`);
  for (const thread of threadNames) line(thread, ({ threads }) => threads.get(thread)!);
  line("together", ({ threads }) => sum(threads));
  for (const layer of layerNames) line(`event loop: ${layer}`, (seen) => ofLayer(seen, layer));
}

/** Layers add up to the event loop's time: what the profile does not see of it is outside JavaScript. */
function ofLayer({ threads, layers, profiled }: Seen, layer: string): number {
  const visible = sum(layers);
  const hidden = Math.max(0, profiled - visible);
  const time = (layers.get(layer) ?? 0) + (layer === OUTSIDE ? hidden : 0);
  return (time / (visible + hidden)) * threads.get(EVENT_LOOP)!;
}

function sum(of: ReadonlyMap<string, number>): number {
  return of.values().reduce((total, value) => total + value, 0);
}

/** Two digits are all that such figures are worth. */
function text(figure: number): string {
  return figure >= 10 ? figure.toFixed(0) : figure.toFixed(1);
}
