/**
 * Objects of one kind in one namespace of servers that are killed again and again: who writes them, who watches them, and who lists them, and what
 * all of these were told.
 */

import { once } from "node:events";
import type { Random } from "../fuzz/random.ts";
import type { Reply, Servers } from "./servers.ts";
import type { Listed, ObjectHistory, Seen, State, Told } from "./object-history.ts";

/** The last one that is made: when the watch has seen it, it has seen everything. */
const LAST = "last";

export class Collection {
  readonly #server: Servers;
  readonly #path: string;
  readonly #kind: string;
  readonly #told: Told[] = [];
  readonly #seen: Seen[] = [];
  readonly #lists: Listed[] = [];
  /** Objects with a write that may still be made: it got no answer, and none after it was acknowledged. */
  readonly #doubtful = new Set<string>();
  /** The highest revision that anybody was told of. */
  #highest = 0;
  readonly #whole = new AbortController();

  constructor(server: Servers, { kind, plural }: { readonly kind: string; readonly plural: string }) {
    this.#server = server;
    this.#kind = kind;
    this.#path = `/api/v1/namespaces/default/${plural}`;
  }

  async list(): Promise<void> {
    const reply = await this.#answered("GET", this.#path);
    const { metadata, items } = reply.body;
    const states = items.map(stateOf) as State[];
    this.#lists.push({ revision: Number(metadata.resourceVersion), states });
  }

  /** Follows from the first list on, through every end of the server, until it has seen the last object. */
  async watch(): Promise<void> {
    let revision = this.#lists[0]!.revision;
    while (!this.#whole.signal.aborted) {
      const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${revision}`;
      await this.#server.follow(`${this.#path}?${query}`, this.#whole.signal, ({ type, object }) => {
        if (type === "ERROR") throw new Error(`The watch of ${this.#path} ended: ${object.message}`);
        revision = Number(object.metadata.resourceVersion);
        if (type === "BOOKMARK") return;
        this.#seen.push({ type: type as Seen["type"], state: stateOf(object) });
        if (object.metadata.name === LAST) this.#whole.abort();
      });
    }
  }

  /** Makes, changes and deletes objects of its own until `signal` aborts. `acknowledged` is called for every write that was. */
  async keep(keeper: string, { random, signal, acknowledged }: KeepOptions): Promise<void> {
    const own = new Map<string, State>();
    for (let i = 0; !signal.aborted; i++) {
      const choice = random.next();
      const known = own.size < 3 || choice < 0.4 ? undefined : random.pick([...own.values()]);
      const name = known?.name ?? `${keeper}-${i}`;
      const told =
        known && choice > 0.8 ? await this.#delete(known) : await this.#put(name, `${keeper}${i}`, known);
      if (told) acknowledged();
      if (told?.type === "put") own.set(name, told.state);
      else if (told) own.delete(name);
      else await this.#look(name, own);
    }
  }

  /** Makes the last object, waits for the watch to see it, and lists once more. Nobody may write any more. */
  async finish(): Promise<ObjectHistory> {
    await this.#put(LAST, LAST, undefined);
    const { signal } = this.#whole;
    if (!signal.aborted) await once(signal, "abort");
    await this.list();
    const [before, ...lists] = this.#lists;
    return { before: before!, told: this.#told, seen: this.#seen, lists };
  }

  /** Undefined: no answer came. */
  async #put(name: string, value: string, known: State | undefined): Promise<Told | undefined> {
    const after = this.#highest;
    const metadata = { name, ...(known && { resourceVersion: String(known.revision) }) };
    const object = { apiVersion: "v1", kind: this.#kind, metadata, data: { value: btoa(value) } };
    const reply = known
      ? await this.#server.send("PUT", `${this.#path}/${name}`, object)
      : await this.#server.send("POST", this.#path, object);
    if (!this.#isAnswer(reply, name)) return undefined;
    const state = stateOf(reply.body);
    this.#highest = Math.max(this.#highest, state.revision);
    return this.#noted({ type: "put", state, after });
  }

  async #delete({ name, uid }: State): Promise<Told | undefined> {
    const reply = await this.#server.send("DELETE", `${this.#path}/${name}`, { preconditions: { uid } });
    return this.#isAnswer(reply, name) ? this.#noted({ type: "delete", name, uid }) : undefined;
  }

  #noted(told: Told): Told {
    this.#told.push(told);
    return told;
  }

  /** What has become of an object whose write got no answer, or one that cannot be counted upon. */
  async #look(name: string, own: Map<string, State>): Promise<void> {
    const { code, body } = await this.#answered("GET", `${this.#path}/${name}`);
    if (code === 200) own.set(name, stateOf(body));
    else own.delete(name);
  }

  #isAnswer(reply: Reply | undefined, name: string): reply is Reply {
    if (this.#doubtful.has(name) && (reply?.code === 404 || reply?.code === 409)) return false;
    const isAnswered = isAnswer(reply);
    if (isAnswered) this.#doubtful.delete(name);
    else if (this.#server.areLate) this.#doubtful.add(name);
    return isAnswered;
  }

  async #answered(method: string, path: string): Promise<Reply> {
    for (;;) {
      const reply = await this.#server.send(method, path);
      if (reply?.code === 404 || isAnswer(reply)) return reply;
    }
  }
}

export interface KeepOptions {
  readonly random: Random;
  readonly signal: AbortSignal;
  acknowledged(): void;
}

/** Nobody else writes these objects, so no write may be refused. */
function isAnswer(reply: Reply | undefined): reply is Reply {
  if (reply && reply.code >= 400 && reply.code < 500)
    throw new Error(`The server refused what it must not (${reply.code}): ${reply.body.message}`);
  return reply !== undefined && reply.code < 400;
}

function stateOf({ metadata: { name, uid, resourceVersion }, data }: any): State {
  return { name, uid, revision: Number(resourceVersion), value: atob(data.value) };
}
