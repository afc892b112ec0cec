/**
 * A few objects that many clients change at a time in every way there is, and read by themselves and in lists of several pages, and one that all count
 * up by the very same updates; what each client saw of each object is kept, so that it can be said whether it is linearizable.
 */

import type { Random } from "../fuzz/random.ts";
import type { Reply, Servers } from "./servers.ts";
import { checkHistory, type Operation, type Verdict, type Write } from "./linearizability.ts";

const NAMES = ["one", "other"];
/** Nobody sets, deletes or makes it: so a number is there once, and whoever raises it sends what others send, byte for byte. */
const COUNTER = "counter";
const INITIAL: Readonly<Record<string, string>> = { one: "initial", other: "initial", [COUNTER]: "0" };
const COLLECTION = "/api/v1/namespaces/kube-system/configmaps";
const LABELS = { of: "registers" };
/** A page for each, so that every list has some. */
const PAGES = `${COLLECTION}?labelSelector=of%3Dregisters&limit=1`;

const register = (name: string, value: string, more: object = {}) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: LABELS, ...more }, data: { value } },
});

interface Wanted {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

export class Registers {
  readonly #servers: Servers;
  readonly #histories = new Map<string, Operation[]>(Object.keys(INITIAL).map((name) => [name, []]));
  readonly #isOver: () => boolean;

  constructor(servers: Servers, isOver: () => boolean) {
    this.#servers = servers;
    this.#isOver = isOver;
  }

  async create(): Promise<void> {
    for (const [name, value] of Object.entries(INITIAL))
      await this.#servers.send("POST", COLLECTION, register(name, value));
  }

  get operations(): number {
    return [...this.#histories.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Of the first whose history is not linearizable, if there is one. */
  verdict(): Verdict {
    const verdicts = [...this.#histories].map(([name, history]) => checkHistory(history, INITIAL[name]));
    return verdicts.find(({ isLinearizable }) => !isLinearizable) ?? { isLinearizable: true };
  }

  async read(client: string, random: Random): Promise<void> {
    while (!this.#isOver()) await this.#readOne(client, random.pick(NAMES));
  }

  async list(client: string): Promise<void> {
    while (!this.#isOver()) await this.#listAll(client);
  }

  async write(client: string, random: Random): Promise<void> {
    for (let i = 0; !this.#isOver(); i++) {
      const name = random.pick(NAMES);
      const value = `${client}${i}`; // nobody writes it a second time
      const path = `${COLLECTION}/${name}`;
      const sort = random.below(10);
      if (sort < 5) await this.#change(client, name, () => value);
      else if (sort < 7)
        await this.#attempt(
          { client, name, type: "set", value },
          { method: "PATCH", path, body: { data: { value } } },
        );
      else if (sort < 8) await this.#attempt({ client, name, type: "delete" }, { method: "DELETE", path });
      else
        await this.#attempt(
          { client, name, type: "create", value },
          { method: "POST", path: COLLECTION, body: register(name, value) },
        );
    }
  }

  async count(client: string): Promise<void> {
    while (!this.#isOver()) await this.#change(client, COUNTER, (seen) => String(Number(seen) + 1));
  }

  /** Replaces what it has read, if nobody else has. */
  async #change(client: string, name: string, next: (value: string) => string): Promise<void> {
    const seen = await this.#readOne(client, name);
    if (!seen) return;
    const value = next(seen.value);
    const body = register(name, value, { resourceVersion: seen.revision });
    await this.#attempt(
      { client, name, type: "cas", expected: seen.value, value },
      { method: "PUT", path: `${COLLECTION}/${name}`, body },
    );
  }

  async #attempt(
    { client, name, ...write }: { client: string; name: string } & Attempt,
    { method, path, body }: Wanted,
  ): Promise<void> {
    await this.#servers.running();
    const called = performance.now();
    const reply = await this.#servers.send(method, path, body);
    const outcome = outcomeOf(write.type, reply);
    if (!outcome) return;
    // Without an answer its server has ended, and the write with it, unless it is with others by then.
    const isOpen = outcome === "unknown" && (reply || this.#servers.areLate);
    const returned = isOpen ? Infinity : performance.now();
    this.#histories.get(name)!.push({ client, called, returned, ...write, outcome } as Operation);
  }

  /** Undefined when nothing is learnt, or nothing is there. */
  async #readOne(client: string, name: string): Promise<{ value: string; revision: string } | undefined> {
    await this.#servers.running();
    const called = performance.now();
    const reply = await this.#servers.send("GET", `${COLLECTION}/${name}`);
    if (reply?.code !== 200 && reply?.code !== 404) return undefined;
    const value: string | undefined = reply.body.data?.value;
    this.#histories.get(name)!.push({ client, type: "read", value, called, returned: performance.now() });
    return value === undefined ? undefined : { value, revision: reply.body.metadata.resourceVersion };
  }

  /** All pages are of the moment of the first, however late they come. */
  async #listAll(client: string): Promise<void> {
    await this.#servers.running();
    const called = performance.now();
    let page = await this.#servers.send("GET", PAGES);
    const returned = performance.now();
    const left = new Set(this.#histories.keys());
    const saw = (name: string, value?: string): void =>
      void this.#histories.get(name)!.push({ client, type: "read", value, called, returned });
    for (; page?.code === 200;) {
      for (const { metadata, data } of page.body.items) {
        left.delete(metadata.name);
        saw(metadata.name, data.value);
      }
      const { continue: next } = page.body.metadata;
      if (!next) return left.forEach((name) => saw(name));
      page = await this.#servers.send("GET", `${PAGES}&continue=${encodeURIComponent(next)}`);
    }
  }
}

type Attempt = Write extends infer W ? (W extends Write ? Omit<W, "outcome"> : never) : never;

/** Undefined: it was certainly not made, for a reason that says nothing of the object. */
function outcomeOf(type: Write["type"], reply: Reply | undefined): Write["outcome"] | undefined {
  const { code = 0 } = reply ?? {};
  if (code === 200 || code === 201) return "ok";
  if (code === 404 && type !== "create") return "refused";
  if (code === 409) return type === "create" || type === "cas" ? "refused" : undefined;
  if (code === 429) return undefined;
  return "unknown";
}
