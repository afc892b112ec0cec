/**
 * Clients of servers that are killed, and what must hold whatever they live through: every acknowledged create, update and delete is there, once, as it
 * was acknowledged; revisions go up only; watches come back without a gap; and what writers and readers of one object (the register) saw is
 * linearizable.
 */

import { Random } from "../fuzz/random.ts";
import { Collection, type KeepOptions } from "./collection.ts";
import type { Servers } from "./killed-server.ts";
import { checkHistory, type Operation, type Verdict } from "./linearizability.ts";
import { problemsOf } from "./object-history.ts";

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

/** Writes, reads and watches until `meanwhile`, which kills, is done. */
export async function underLoad(
  servers: Servers,
  random: Random,
  meanwhile: (load: Load) => Promise<void>,
): Promise<Survived> {
  await servers.send("POST", REGISTERS, register(INITIAL));
  const load = new Load(servers);
  const { collections } = load;
  await load.list();
  const watches = collections.map((collection) => collection.watch());
  const clients = Promise.all([
    ...WRITERS.map((client) => load.write(client)),
    ...READERS.map((client) => load.read(client)),
    ...collections.flatMap((collection) =>
      KEEPERS.map((keeper) => collection.keep(keeper, load.keeping(new Random(random.below(2 ** 32))))),
    ),
  ]);
  const killing = meanwhile(load);
  await Promise.race([
    killing,
    clients.then(() => killing),
    ...watches.map((watch) => watch.then(() => killing)),
  ]);
  load.stop();
  await clients;
  const finished = Promise.all(collections.map((collection) => collection.finish()));
  const [histories] = await Promise.all([finished, ...watches]);
  return {
    problems: histories.flatMap(problemsOf),
    verdict: checkHistory(load.history, INITIAL),
    acknowledged: histories.reduce((sum, { told }) => sum + told.length, 0),
    events: histories.reduce((sum, { seen }) => sum + seen.length, 0),
    operations: load.history.length,
  };
}

/** Clients, and what they know. */
export class Load {
  readonly history: Operation[] = [];
  readonly collections: readonly Collection[];
  readonly #server: Servers;
  readonly #over = new AbortController();
  #wanted = 0;
  #reached: (() => void) | undefined;

  constructor(server: Servers) {
    this.#server = server;
    this.collections = [
      new Collection(server, { kind: "ConfigMap", plural: "configmaps" }),
      new Collection(server, { kind: "Secret", plural: "secrets" }),
    ];
  }

  stop(): void {
    this.#over.abort();
  }

  /** Everything there is, by one list of each kind. */
  async list(): Promise<void> {
    await Promise.all(this.collections.map((collection) => collection.list()));
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
