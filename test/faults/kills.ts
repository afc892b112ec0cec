/**
 * A server under write load that is killed again and again (SIGKILL), and what must hold after that: every acknowledged object is there, once, as it was
 * acknowledged; no revision names two writes; and what writers and readers of one object saw is linearizable.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../fuzz/random.ts";
import { KilledServer } from "./killed-server.ts";
import { checkHistory, type Operation, type Verdict } from "./linearizability.ts";

export interface KillsOptions {
  readonly kills: number;
  readonly random: Random;
  /** How many writes are acknowledged between two kills, at most. */
  readonly writes: number;
}

export interface Survived {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  readonly verdict: Verdict;
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly operations: number;
}

const COLLECTION = "/api/v1/namespaces/default/configmaps";
const REGISTER = `${COLLECTION}/register`;
const INITIAL = "initial";
const configMap = (name: string, value: string, more: object = {}) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...more }, data: { value } },
});
const WRITERS = ["a", "b", "c"];
const READERS = ["x", "y"];
const CREATORS = ["k", "l", "m"];

export async function surviveKills({ kills, random, writes }: KillsOptions): Promise<Survived> {
  await using server = await KilledServer.start();
  await server.send("POST", COLLECTION, configMap("register", INITIAL));
  const load = new Load(server);
  const clients = [
    ...WRITERS.map((client) => load.write(client)),
    ...READERS.map((client) => load.read(client)),
    ...CREATORS.map((client) => load.create(client)),
  ];
  for (let i = 0; i < kills; i++) {
    await load.acknowledgements(1 + random.below(writes));
    await delay(random.below(15)); // so that it is not always just after an answer
    await server.kill();
    await server.startAgain();
  }
  await load.acknowledgements(10);
  load.stop();
  await Promise.all(clients);
  const { history, created, unanswered } = load;
  const problems = await lost(server, created);
  const verdict = checkHistory(history, INITIAL);
  return { problems, verdict, acknowledged: created.size, unanswered, operations: history.length };
}

/** Clients, and what they know. */
class Load {
  readonly history: Operation[] = [];
  /** Uid and revision of what was acknowledged, by name. */
  readonly created = new Map<string, { readonly uid: string; readonly revision: number }>();
  unanswered = 0;
  readonly #server: KilledServer;
  #isOver = false;
  #wanted = 0;
  #reached: (() => void) | undefined;

  constructor(server: KilledServer) {
    this.#server = server;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Resolves after so many more writes are acknowledged. */
  acknowledgements(count: number): Promise<void> {
    this.#wanted = count;
    return new Promise((resolve) => (this.#reached = resolve));
  }

  #acknowledge(): void {
    if (--this.#wanted === 0) this.#reached?.();
  }

  async read(client: string): Promise<{ value: string; revision: string } | undefined> {
    let last: { value: string; revision: string } | undefined;
    while (!this.#isOver) last = await this.#readOnce(client);
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
    for (let i = 0; !this.#isOver; i++) {
      const seen = await this.#readOnce(client);
      if (!seen) continue;
      await this.#server.running();
      const value = `${client}${i}`;
      const called = performance.now();
      const reply = await this.#server.send(
        "PUT",
        REGISTER,
        configMap("register", value, { resourceVersion: seen.revision }),
      );
      const outcome = reply?.code === 200 ? "ok" : reply?.code === 409 ? "refused" : "unknown";
      const returned = outcome === "unknown" ? Infinity : performance.now();
      this.history.push({ client, type: "cas", expected: seen.value, value, outcome, called, returned });
      if (outcome === "ok") this.#acknowledge();
      else if (outcome === "unknown") this.unanswered++;
    }
  }

  /** Makes objects of its own; one that got no answer is tried again under its name. */
  async create(client: string): Promise<void> {
    for (let i = 0; !this.#isOver;) {
      const name = `${client}-${i}`;
      const reply = await this.#server.send("POST", COLLECTION, configMap(name, name));
      if (!reply || reply.code >= 500) this.unanswered++;
      else i++;
      if (reply?.code !== 201) continue;
      const { uid, resourceVersion } = reply.body.metadata;
      this.created.set(name, { uid, revision: Number(resourceVersion) });
      this.#acknowledge();
    }
  }
}

/** What was acknowledged and is not there, or otherwise; and what is there twice. */
async function lost(server: KilledServer, created: Load["created"]): Promise<string[]> {
  const problems: string[] = [];
  const { items } = (await server.send("GET", COLLECTION))!.body;
  const found = new Map<string, any>();
  const revisions = new Map<string, string>();
  for (const { metadata, data } of items) {
    const { name, resourceVersion } = metadata;
    if (found.has(name)) problems.push(`${name} is there twice`);
    if (revisions.has(resourceVersion)) problems.push(`revision ${resourceVersion} is of ${name}, too`);
    found.set(name, { metadata, data });
    revisions.set(resourceVersion, name);
  }
  for (const [name, { uid, revision }] of created) {
    const object = found.get(name);
    if (!object) problems.push(`${name} was acknowledged at revision ${revision} and is not there`);
    else if (object.metadata.uid !== uid || Number(object.metadata.resourceVersion) !== revision)
      problems.push(
        `${name} was acknowledged as ${uid}@${revision} and is ${JSON.stringify(object.metadata)}`,
      );
    else if (object.data.value !== name) problems.push(`${name} has the value ${object.data.value}`);
  }
  return problems;
}
