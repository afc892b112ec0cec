/**
 * The last two looks at each node. A node is looked at only when somebody asks: what was seen less than fifteen seconds ago is good enough, and
 * what is older than a minute says nothing of now, so then two looks are taken a second apart.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { NodeConnections } from "../subresources/node-connections.ts";
import { parseSample, type Sample } from "./sample.ts";

const FRESH_MS = 15_000;
const STALE_MS = 60_000;
const FIRST_WINDOW_MS = 1000;
const TIMEOUT_MS = 10_000;

export interface Looks {
  readonly before: Sample;
  readonly last: Sample;
}

interface Kept {
  before?: Sample;
  last?: Sample;
  /** When the last was taken. */
  lookedAt: number;
  looking?: Promise<void> | undefined;
}

export interface NodeSamplesOptions {
  readonly nodes: NodeConnections;
  readonly clock: Clock;
  readonly log: Logger;
}

export class NodeSamples {
  readonly #options: NodeSamplesOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: NodeSamplesOptions) {
    this.#options = options;
  }

  /** Undefined for a node that does not say. */
  async of(node: string): Promise<Looks | undefined> {
    const kept = this.#kept.getOrInsertComputed(node, () => ({ lookedAt: -Infinity }));
    if (!kept.before || this.#age(kept) >= FRESH_MS) {
      kept.looking ??= this.#look(node, kept).finally(() => (kept.looking = undefined));
      try {
        await kept.looking;
      } catch (err) {
        this.#options.log.debug("Could not read a node's figures", { node, err });
        return undefined;
      }
    }
    const { before, last } = kept;
    return before && last && { before, last };
  }

  /** Forgets all nodes but these. */
  keep(nodes: ReadonlySet<string>): void {
    for (const node of this.#kept.keys()) if (!nodes.has(node)) this.#kept.delete(node);
  }

  #age({ lookedAt }: Kept): number {
    return this.#options.clock.now() - lookedAt;
  }

  async #look(node: string, kept: Kept): Promise<void> {
    const { clock } = this.#options;
    const isStale = !kept.last || this.#age(kept) >= STALE_MS;
    const before = isStale ? await this.#read(node) : kept.last!;
    if (isStale) await clock.sleep(FIRST_WINDOW_MS);
    const last = await this.#read(node);
    Object.assign(kept, { before, last, lookedAt: clock.now() });
  }

  async #read(node: string): Promise<Sample> {
    const { nodes, clock } = this.#options;
    const upstream = nodes.upstream(nodes.addressOf(node));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { code, body } = await upstream.send({
      method: "GET",
      path: "/metrics/resource",
      headers: {},
      signal,
    });
    const text = Buffer.concat(await body.toArray()).toString();
    if (code !== 200) throw new Error(`/metrics/resource answered ${code}: ${text.slice(0, 200)}`);
    return parseSample(text, clock.now());
  }
}
