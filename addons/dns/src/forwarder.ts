/**
 * Questions that are not ours go to the node's name servers: in turn, the next one if one does not answer, and for a while not at all to
 * one that failed twice, until it answers again. What they say is kept as long as they allow; the same question asked by many at once is asked once.
 * When nobody answers, what was known within the last hour is better than nothing (RFC 8767).
 */

import type { Clock } from "@knarr/std/clock.ts";
import { exchange, type Server, type Transport } from "./exchange.ts";
import { UDP_SIZE, type Query } from "./message.ts";
import { handOut, readUpstreamAnswer, type UpstreamAnswer } from "./upstream-answer.ts";

export interface ForwarderOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

interface Upstream extends Server {
  failures: number;
  isProbed: boolean;
}

interface Kept {
  readonly answer: UpstreamAnswer;
  readonly since: number;
}

const MAX_KEPT = 10_000;
const MAX_FAILURES = 2;
const PROBE_MS = 500;
const STALE_MS = 3600_000;
const TIMEOUT_MS = 2000;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<UpstreamAnswer | undefined>>();
  #upstreams: readonly Upstream[] = [];
  #turn = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Addresses, each with `:port` or `[…]:port` if it is not 53. */
  setUpstreams(servers: readonly string[]): void {
    const known = new Map(
      this.#upstreams.map((upstream) => [`${upstream.address} ${upstream.port}`, upstream]),
    );
    this.#upstreams = servers.map((text) => {
      const { address, port } = parseServer(text);
      return known.get(`${address} ${port}`) ?? { address, port, failures: 0, isProbed: false };
    });
  }

  /** At once if it is known; undefined if nobody answers and nobody did of late. */
  answer(bytes: Buffer, query: Query, transport: Transport): Buffer | Promise<Buffer | undefined> {
    const key = keyOf(query);
    const kept = this.#kept.get(key);
    const elapsed = kept ? Math.floor((this.#options.clock.now() - kept.since) / 1000) : 0;
    if (kept && elapsed < kept.answer.ttlSeconds) return handOut(kept.answer, bytes, elapsed);
    return this.#ask(key, bytes, query, transport).then((answer) => {
      if (answer) return handOut(answer, bytes, 0);
      const isUsable = kept && elapsed * 1000 < STALE_MS;
      return isUsable ? handOut(kept.answer, bytes, elapsed) : undefined;
    });
  }

  async #ask(
    key: string,
    bytes: Buffer,
    query: Query,
    transport: Transport,
  ): Promise<UpstreamAnswer | undefined> {
    const asking = `${transport} ${key}`;
    const running = this.#asking.get(asking);
    if (running) return await running;
    const asked = this.#askAround(bytes, query, transport).finally(() => this.#asking.delete(asking));
    this.#asking.set(asking, asked);
    const answer = await asked;
    if (answer && answer.ttlSeconds > 0) this.#keep(key, answer);
    return answer;
  }

  /** The servers one after the other, those that work first. */
  async #askAround(bytes: Buffer, query: Query, transport: Transport): Promise<UpstreamAnswer | undefined> {
    const question = questionFor(bytes, query);
    for (const server of this.#inTurn()) {
      try {
        const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
        const answer = await exchange(question, query.questionEnd, { server, transport, timeoutMs });
        const read = readUpstreamAnswer(answer, query.questionEnd);
        server.failures = 0;
        return read;
      } catch {
        // Whatever is wrong with it, the next one may do better.
        if (++server.failures >= MAX_FAILURES) this.#probe(server);
      }
    }
    return undefined;
  }

  #inTurn(): Upstream[] {
    const count = this.#upstreams.length;
    if (count === 0) return [];
    const first = this.#turn++ % count;
    const all = [...this.#upstreams.slice(first), ...this.#upstreams.slice(0, first)];
    const working = all.filter(({ failures }) => failures < MAX_FAILURES);
    // All of them seem down: then it is worth to try, twice if there is only one.
    return working.length ? [...working, ...(working.length === 1 ? working : [])] : all;
  }

  /** Asks a server that failed for the root's name servers until it says something. */
  #probe(server: Upstream): void {
    if (server.isProbed) return;
    server.isProbed = true;
    const { clock, signal } = this.#options;
    const question = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
    const probing = async () => {
      while (this.#upstreams.includes(server)) {
        await clock.sleep(PROBE_MS, signal);
        const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
        const isBack = await exchange(question, question.length, {
          server,
          transport: "udp",
          timeoutMs,
        }).then(
          () => true,
          () => false,
        );
        if (isBack) break;
      }
      server.failures = 0;
      server.isProbed = false;
    };
    probing().catch(() => {}); // we are being stopped
  }

  #keep(key: string, answer: UpstreamAnswer): void {
    this.#kept.delete(key);
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { answer, since: this.#options.clock.now() });
  }
}

/** What makes two questions the same to a server. */
function keyOf({ labels, type, class: klass, edns, checkingDisabled }: Query): string {
  return `${labels.join(".")} ${type} ${klass} ${edns ? 1 : 0}${edns?.dnssecOk ? 1 : 0}${checkingDisabled ? 1 : 0}`;
}

/** The client's question without the client: no cookies, no addresses of subnets, and our own size. */
function questionFor(bytes: Buffer, { questionEnd, edns, checkingDisabled }: Query): Buffer {
  const question = Buffer.alloc(questionEnd + (edns ? 11 : 0));
  bytes.copy(question, 0, 0, questionEnd);
  question[2] = 1; // recursion desired, whatever the client thinks: our servers are resolvers
  question[3] = checkingDisabled ? 0x10 : 0;
  question.fill(0, 4, 12);
  question.writeUInt16BE(1, 4);
  if (edns) {
    question.writeUInt16BE(1, 10);
    question.writeUInt16BE(41, questionEnd + 1);
    question.writeUInt16BE(UDP_SIZE, questionEnd + 3);
    question[questionEnd + 7] = edns.dnssecOk ? 0x80 : 0;
  }
  return question;
}

function parseServer(text: string): Server {
  const [, bracketed, port] = /^\[(.+)\](?::(\d+))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return { address: bracketed, port: Number(port ?? 53) };
  const [, plain, number] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  return plain === undefined ? { address: text, port: 53 } : { address: plain, port: Number(number) };
}
