/** One server with a database of its own, under write load, that is killed again and again (SIGKILL). Some of the kills hit a server that is only starting. */

import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../fuzz/random.ts";
import { Cluster, KilledServer } from "./killed-server.ts";
import { underLoad, type Load, type Survived } from "./load.ts";

export interface KillsOptions {
  readonly kills: number;
  readonly random: Random;
  /** How many writes are acknowledged between two kills, at most. */
  readonly writes: number;
}

/** So many kills hit a start, which takes some 700 ms. */
const IN_VAIN = 0.1;
const START_MS = 700;

export async function surviveKills(options: KillsOptions): Promise<Survived> {
  using cluster = await Cluster.create();
  await using server = await KilledServer.start(cluster);
  const survived = await underLoad(server, options.random, (load) => killAndStart(server, load, options));
  await server.kill();
  await using store = await cluster.openStore();
  return { ...survived, problems: [...survived.problems, ...((await store.raw.check?.()) ?? [])] };
}

async function killAndStart(
  server: KilledServer,
  load: Load,
  { kills, random, writes }: KillsOptions,
): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await load.acknowledgements(1 + random.below(writes));
    await delay(random.below(15)); // so that it is not always just after an answer
    await server.kill();
    while (random.chance(IN_VAIN) && ++i < kills) await server.startInVain(random.below(START_MS));
    await server.startAgain();
    await load.list();
  }
}
