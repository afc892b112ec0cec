/**
 * From a query's bytes to an answer's: the cluster's own names by the zone, everything else by the forwarder.
 *
 * The way that most queries go is short: the bytes after the id and flags are the key under which the finished answer lies, and what is left to do is to copy it and to put
 * in the id. Answers about the cluster are all dropped when anything changes; where one has several addresses, they go round from one client to the next.
 */

import { decode, type Answer as DecodedAnswer } from "dns-packet";
import { addressBytes } from "./address.ts";
import { addressRecord, type ClusterZone } from "./cluster-zone.ts";
import type { Transport } from "./exchange.ts";
import type { Forwarder } from "./forwarder.ts";
import {
  CLASS_IN,
  codes,
  parseQuery,
  UDP_SIZE,
  writeAnswer,
  writeError,
  writeTruncated,
  type Answer,
  type DnsRecord,
  type Query,
} from "./message.ts";

interface Finished {
  /** One for each order of the addresses. */
  readonly variants: readonly Buffer[];
  next: number;
}

const MAX_FINISHED = 20_000;
const MAX_VARIANTS = 8;
const MAX_TCP_SIZE = 65_535;

export class Resolver {
  readonly #zone: ClusterZone;
  readonly #forwarder: Forwarder;
  readonly #isSynced: () => boolean;
  readonly #finished = { udp: new Map<string, Finished>(), tcp: new Map<string, Finished>() };

  /** So that answers that are not kept go round too. */
  #turn = 0;

  constructor({
    zone,
    forwarder,
    isSynced,
  }: {
    zone: ClusterZone;
    forwarder: Forwarder;
    isSynced: () => boolean;
  }) {
    this.#zone = zone;
    this.#forwarder = forwarder;
    this.#isSynced = isSynced;
  }

  /** Something in the cluster changed: what was said about it does not hold any more. */
  forget(): void {
    this.#zone.serial++;
    this.#finished.udp.clear();
    this.#finished.tcp.clear();
  }

  /** Undefined for what deserves no answer. */
  resolve(bytes: Buffer, transport: Transport): Buffer | undefined | Promise<Buffer | undefined> {
    const key = bytes.toString("latin1", 4);
    const finished = this.#finished[transport].get(key);
    if (finished && !(bytes[2]! & 0xf8)) return handOut(finished, bytes);
    const query = parseQuery(bytes);
    if (query === undefined) return undefined;
    if (typeof query === "number") return writeError(bytes, query);
    return this.#resolve(bytes, query, { key, transport });
  }

  #resolve(
    bytes: Buffer,
    query: Query,
    { key, transport }: { key: string; transport: Transport },
  ): Buffer | Promise<Buffer> {
    const limit = transport === "tcp" ? MAX_TCP_SIZE : Math.min(query.edns?.udpSize ?? 512, UDP_SIZE);
    const fail = (code: number) => writeAnswer(bytes, query, { ...nothing, code }, limit);
    if (query.edns && query.edns.version > 0) return fail(BAD_VERSION);
    if (query.class !== CLASS_IN) return fail(codes.refused);
    if (this.#zone.contains(query.labels) && !this.#isSynced()) return fail(codes.serverFailure);
    const answer = this.#zone.answer(query);
    if (!answer) {
      const forwarded = this.#forwarder.answer(bytes, query, transport);
      const fit = (upstream: Buffer | undefined) =>
        !upstream
          ? fail(codes.serverFailure)
          : upstream.length > limit
            ? writeTruncated(bytes, query.questionEnd)
            : upstream;
      return forwarded instanceof Promise ? forwarded.then(fit) : fit(forwarded);
    }
    const target = aliasOf(answer);
    if (target !== undefined && query.type !== CNAME)
      return this.#follow(query, answer, target).then((whole) => writeAnswer(bytes, query, whole, limit));
    const variants = rotations(answer).map((variant) => writeAnswer(bytes, query, variant, limit));
    const finished = { variants, next: this.#turn++ % variants.length };
    if (!query.edns?.hasOptions) this.#remember(transport, key, finished);
    return handOut(finished, bytes);
  }

  #remember(transport: Transport, key: string, finished: Finished): void {
    const map = this.#finished[transport];
    if (map.size >= MAX_FINISHED) map.clear();
    map.set(key, finished);
  }

  /** What the name behind an alias is, added to the alias; the alias alone when that cannot be found out. */
  async #follow(query: Query, answer: Answer, target: string): Promise<Answer> {
    const labels = target.toLowerCase().split(".");
    const question = questionAbout(target, query.type);
    const own = this.#zone.answer({ labels, type: query.type });
    if (own) return { ...answer, answers: [...answer.answers, ...own.answers], code: own.code };
    const parsed = parseQuery(question);
    if (parsed === undefined || typeof parsed === "number") return answer;
    const upstream = await this.#forwarder.answer(question, parsed, "udp");
    if (!upstream) return { ...answer, code: codes.serverFailure };
    const records = (decode(upstream).answers ?? []).map(recordOf).filter((record) => record !== undefined);
    return {
      ...answer,
      authoritative: false,
      answers: [...answer.answers, ...records],
      code: upstream[3]! & 15,
    };
  }
}

const CNAME = 5;
const BAD_VERSION = 16;
const nothing: Answer = { code: 0, authoritative: false, answers: [], authorities: [], additionals: [] };

function handOut(finished: Finished, query: Buffer): Buffer {
  const { variants } = finished;
  const answer = Buffer.from(variants[finished.next]!);
  if (variants.length > 1) finished.next = (finished.next + 1) % variants.length;
  answer[0] = query[0]!;
  answer[1] = query[1]!;
  answer[2] = (answer[2]! & ~1) | (query[2]! & 1);
  answer[3] = (answer[3]! & ~0x10) | (query[3]! & 0x10);
  return answer;
}

/** Every address once at the front, so that clients that take the first spread. */
function rotations(answer: Answer): Answer[] {
  const { answers } = answer;
  const canRotate = answers.length > 1 && answers.every(({ type }) => type === "A" || type === "AAAA");
  if (!canRotate) return [answer];
  return Array.from({ length: Math.min(answers.length, MAX_VARIANTS) }, (_, shift) => ({
    ...answer,
    answers: [...answers.slice(shift), ...answers.slice(0, shift)],
  }));
}

function aliasOf({ answers }: Answer): string | undefined {
  const [first] = answers;
  return first?.type === "CNAME" ? first.target : undefined;
}

function questionAbout(name: string, type: number): Buffer {
  const labels = name
    .split(".")
    .flatMap((label) => [
      Buffer.from([Math.min(label.length, 63)]),
      Buffer.from(label, "latin1").subarray(0, 63),
    ]);
  return Buffer.concat([
    Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, type, 0, CLASS_IN]),
  ]);
}

/** Those that can follow an alias. */
function recordOf(answer: DecodedAnswer): DnsRecord | undefined {
  if (answer.type === "CNAME")
    return { name: answer.name, ttl: answer.ttl ?? 0, type: "CNAME", target: answer.data };
  if (answer.type !== "A" && answer.type !== "AAAA") return undefined;
  const address = addressBytes(answer.data);
  return address && addressRecord(answer.name, address, answer.ttl ?? 0);
}
