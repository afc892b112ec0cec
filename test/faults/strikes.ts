/** Faults that hit servers while their clients write, one after the other, and how a server that was killed comes back. */

import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../fuzz/random.ts";
import type { KilledServer } from "./killed-server.ts";
import type { Load } from "./load.ts";

export interface Strikes {
  readonly kills: number;
  readonly random: Random;
  /** How many writes are acknowledged between two kills, at most. */
  readonly writes: number;
}

/** So many starts are killed as well; these are not counted. */
const IN_VAIN = 0.1;
/** A start takes about as long. */
const START_MS = 1000;

/** Each time after some more writes are acknowledged; and everything is listed after it. */
export async function strike(
  load: Load,
  { kills, random, writes }: Strikes,
  once: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await load.acknowledgements(1 + random.below(writes));
    await delay(random.below(15)); // so that it is not always just after an answer
    await once();
    await load.list();
  }
}

export async function startAtLast(server: KilledServer, random: Random): Promise<void> {
  while (random.chance(IN_VAIN)) await server.startInVain(random.below(START_MS));
  await server.startAgain();
}
