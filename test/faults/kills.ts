/**
 * A server under write load that is killed again and again (SIGKILL), and what must hold after that: every acknowledged create, update and delete is
 * there, once, as it was acknowledged; revisions go up only; watches come back without a gap; and what writers and readers of one object saw
 * is linearizable. Some of the kills hit a server that is only starting.
 */

import { setTimeout as delay } from "node:timers/promises";
import { Random } from "../fuzz/random.ts";
import { Collection, type KeepOptions } from "./collection.ts";
import { KilledServer } from "./killed-server.ts";
import { checkHistory, type Operation, type Verdict } from "./linearizability.ts";
import { problemsOf } from "./object-history.ts";

export interface KillsOptions {
  readonly kills: number;
  readonly random: Random;
  /** How many writes are acknowledged between two kills, at most. */
  readonly writes: number;
}

export interface Survived {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** On the register. */
  readonly verdict: Verdict;
  /** Writes of all objects but the register. */
  readonly acknowledged: number;
  /** What watches saw, over all starts. */
  readonly events: number;
  /** On the register. */
  readonly operations: number;
}

const REGISTERS = "/api/v1/namespaces/kube-system/configmaps";
const REGISTER = `${REGISTERS}/register`;
const INITIAL = "initial";
const register = (value: string, more: object = {}) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "register", ...more }, data: { value } },
});
const WRITERS = ["a", "b"];
const READERS = ["x", "y"];
const KEEPERS = ["k", "l"];
/** So many kills hit a start, which takes some 700 ms. */
const IN_VAIN = 0.1;
const START_MS = 700;

export async function surviveKills({ kills, random, writes }: KillsOptions): Promise<Survived> {
  await using server = await KilledServer.start();
  await server.send("POST", REGISTERS, register(INITIAL));
  const load = new Load(server);
  const collections = [
    new Collection(server, { kind: "ConfigMap", plural: "configmaps" }),
    new Collection(server, { kind: "Secret", plural: "secrets" }),
  ];
  for (const collection of collections) await collection.list();
  const watches = collections.map((collection) => collection.watch());
  const clients = Promise.all([
    ...WRITERS.map((client) => load.write(client)),
    ...READERS.map((client) => load.read(client)),
    ...collections.flatMap((collection) =>
      KEEPERS.map((keeper) => collection.keep(keeper, load.keeping(new Random(random.below(2 ** 32))))),
    ),
  ]);
  const killing = killAndStart(server, load, { kills, random, writes }, collections);
  await Promise.race([
    killing,
    clients.then(() => killing),
    ...watches.map((watch) => watch.then(() => killing)),
  ]);
  load.stop();
  await clients;
  const finished = Promise.all(collections.map((collection) => collection.finish()));
  const [histories] = await Promise.all([finished, ...watches]);
  await server.kill();
  return {
    problems: [...histories.flatMap(problemsOf), ...(await server.storeProblems())],
    verdict: checkHistory(load.history, INITIAL),
    acknowledged: histories.reduce((sum, { told }) => sum + told.length, 0),
    events: histories.reduce((sum, { seen }) => sum + seen.length, 0),
    operations: load.history.length,
  };
}

async function killAndStart(
  server: KilledServer,
  load: Load,
  { kills, random, writes }: KillsOptions,
  collections: readonly Collection[],
): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await load.acknowledgements(1 + random.below(writes));
    await delay(random.below(15)); // so that it is not always just after an answer
    await server.kill();
    while (random.chance(IN_VAIN) && ++i < kills) await server.startInVain(random.below(START_MS));
    await server.startAgain();
    await Promise.all(collections.map((collection) => collection.list()));
  }
}

/** Clients, and what they know. */
class Load {
  readonly history: Operation[] = [];
  readonly #server: KilledServer;
  readonly #over = new AbortController();
  #wanted = 0;
  #reached: (() => void) | undefined;

  constructor(server: KilledServer) {
    this.#server = server;
  }

  stop(): void {
    this.#over.abort();
  }

  /** Resolves after so many more writes are acknowledged. */
  acknowledgements(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => (this.#reached = resolve));
  }

  /** What whoever keeps objects of his own is given. */
  keeping(random: Random): KeepOptions {
    return { random, signal: this.#over.signal, acknowledged: () => this.#acknowledge() };
  }

  #acknowledge(): void {
    if (--this.#wanted === 0) this.#reached?.();
  }

  async read(client: string): Promise<{ value: string; revision: string } | undefined> {
    let last: { value: string; revision: string } | undefined;
    while (!this.#over.signal.aborted) last = await this.#readOnce(client);
    return last;
  }

  async #readOnce(client: string): Promise<{ value: string; revision: string } | undefined> {
    await this.#server.running();
    const called = performance.now();
    const reply = await this.#server.send("GET", REGISTER);
    if (reply?.code !== 200) return undefined; // nothing is learnt of it
    const { data, metadata } = reply.body;
    this.history.push({ client, type: "read", value: data.value, called, returned: performance.now() });
    return { value: data.value, revision: metadata.resourceVersion };
  }

  /** Replaces what it has read, if nobody else has. */
  async write(client: string): Promise<void> {
    for (let i = 0; !this.#over.signal.aborted; i++) {
      const seen = await this.#readOnce(client);
      if (!seen) continue;
      await this.#server.running();
      const value = `${client}${i}`;
      const called = performance.now();
      const reply = await this.#server.send(
        "PUT",
        REGISTER,
        register(value, { resourceVersion: seen.revision }),
      );
      const outcome = reply?.code === 200 ? "ok" : reply?.code === 409 ? "refused" : "unknown";
      const returned = outcome === "unknown" ? Infinity : performance.now();
      this.history.push({ client, type: "cas", expected: seen.value, value, outcome, called, returned });
      if (outcome === "ok") this.#acknowledge();
    }
  }
}
