/**
 * Clients of servers that are killed, and what must hold whatever they live through: every acknowledged create, update and delete is there, once, as it
 * was acknowledged; revisions go up only; watches come back without a gap; and what writers and readers of one object (a register) saw
 * is linearizable.
 */

import { Random } from "../fuzz/random.ts";
import { Collection, type KeepOptions } from "./collection.ts";
import type { Servers } from "./servers.ts";
import type { Verdict } from "./linearizability.ts";
import { problemsOf } from "./object-history.ts";
import { Registers } from "./registers.ts";

export interface Survived {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** On the registers. */
  readonly verdict: Verdict;
  /** Writes of all objects but the registers. */
  readonly acknowledged: number;
  /** What watches saw, over all starts. */
  readonly events: number;
  /** On the registers. */
  readonly operations: number;
}

const WRITERS = ["a", "b"];
const READERS = ["x"];
const LISTERS = ["y"];
const COUNTERS = ["m", "n"];
const KEEPERS = ["k", "l"];

/** Writes, reads and watches until `meanwhile`, which kills, is done. */
export async function underLoad(
  servers: Servers,
  random: Random,
  meanwhile: (load: Load) => Promise<void>,
): Promise<Survived> {
  const load = new Load(servers);
  const { collections, registers } = load;
  await registers.create();
  await load.list();
  const another = (): Random => new Random(random.below(2 ** 32));
  const watches = collections.map((collection) => collection.watch());
  const clients = Promise.all([
    ...WRITERS.map((client) => registers.write(client, another())),
    ...READERS.map((client) => registers.read(client, another())),
    ...LISTERS.map((client) => registers.list(client)),
    ...COUNTERS.map((client) => registers.count(client)),
    ...collections.flatMap((collection) =>
      KEEPERS.map((keeper) => collection.keep(keeper, load.keeping(another()))),
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
    verdict: registers.verdict(),
    acknowledged: histories.reduce((sum, { told }) => sum + told.length, 0),
    events: histories.reduce((sum, { seen }) => sum + seen.length, 0),
    operations: registers.operations,
  };
}

/** Clients, and what they know. */
export class Load {
  readonly registers: Registers;
  readonly collections: readonly Collection[];
  readonly #over = new AbortController();
  #wanted = 0;
  #reached: (() => void) | undefined;

  constructor(server: Servers) {
    this.registers = new Registers(server, () => this.#over.signal.aborted);
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
}
