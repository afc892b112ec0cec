/**
 * Calls to an etcd cluster, at whichever of its members answers.
 *
 * `read` tries one member after the other until one answers or its time is over. `once` asks once: when the connection breaks under it,
 * nobody knows whether it was carried out (`isUnsure`), and only who sent it can tell what to do about that.
 */

import { isIP } from "node:net";
import { checkServerIdentity as tlsCheck, type PeerCertificate } from "node:tls";
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { Clock } from "@knarr/std/clock.ts";
import type { Method } from "./rpc.ts";
import { Silence } from "./silence.ts";
import { whyOf } from "./why.ts";

export interface EtcdTls {
  /** PEM. Default: what the system trusts. */
  readonly ca?: Buffer;
  /** PEM, both or none: who we are. */
  readonly certificate?: Buffer;
  readonly key?: Buffer;
}

export interface EtcdAddress {
  /** `host:port` of the members. */
  readonly endpoints: readonly string[];
  /** Absent: without TLS. */
  readonly tls?: EtcdTls;
  /** How long a call may take, and how long a read looks for a member that answers. Default: ten seconds. */
  readonly patienceMs?: number;
  /** Told when it does not answer any more, why, and with nothing when it does again. */
  readonly onTrouble?: ((trouble: string | undefined) => void) | undefined;
}

/** What etcd answered, or that it did not. `code` is gRPC's. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly code: number;

  constructor({ code, details, message }: ServiceError) {
    super(whyOf(details || message));
    this.code = code ?? status.UNKNOWN;
  }

  /** Carried out or not: another member, or the same one later, knows. */
  get isUnsure(): boolean {
    return unsure.has(this.code);
  }

  /** One of both does not trust the other's certificate: no waiting helps. */
  get isMistrusted(): boolean {
    return /ERR_TLS_|_CERT|certificate/.test(this.message);
  }

  get isCompacted(): boolean {
    return this.message.includes("has been compacted");
  }

  /** The lease has ended that something was to be written with. */
  get isLeaseGone(): boolean {
    return this.message.includes("requested lease not found");
  }

  get isFuture(): boolean {
    return this.message.includes("is a future revision");
  }
}

const unsure = new Set<number>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.UNKNOWN,
  status.INTERNAL,
]);

const PATIENCE_MS = 10_000;
/** What is left of it for an etcd that has been silent for longer: a call may be the one that finds it again. */
const SHORT_PATIENCE_MS = 1_000;
/** Between two rounds of asking all members. */
const ROUND_MS = 100;

export class EtcdConnection implements Disposable {
  readonly #clients: readonly Client[];
  readonly #clock: Clock;
  readonly #metadata = new Metadata();
  readonly #patience: number;
  readonly #silence: Silence;
  /** The member that is asked: the next one as soon as it does not answer. */
  #current = 0;
  readonly #streams = new Set<{ readonly member: number; readonly cancel: () => void }>();

  constructor({ endpoints, tls, patienceMs = PATIENCE_MS, onTrouble }: EtcdAddress, clock: Clock) {
    this.#clock = clock;
    this.#patience = patienceMs;
    const name = `etcd (${endpoints.join(", ")})`;
    this.#silence = new Silence({ members: endpoints.length, clock, name, onTrouble });
    this.#clients = endpoints.map((endpoint) => clientOf(endpoint, tls));
    this.#metadata.set("hasleader", "true"); // a member that is cut off says so, rather than answer with what it has
  }

  /** Why nothing can be done at the moment, as far as is known without asking. */
  get trouble(): string | undefined {
    return this.#silence.trouble;
  }

  /** It has not answered for longer than anybody waits for it. */
  get isLost(): boolean {
    return this.#silence.duration > this.#patience;
  }

  /** For how long an answer may be waited for from now on. */
  get patience(): number {
    return this.isLost ? Math.min(this.#patience, SHORT_PATIENCE_MS) : this.#patience;
  }

  /** Where there are other members, one that hangs leaves time to ask another. */
  get #callMs(): number {
    return this.#clients.length > 1 ? this.patience / 2 : this.patience;
  }

  async read<I, O>(method: Method<I, O>, request: I): Promise<O> {
    const until = this.#clock.now() + this.patience;
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(method, request);
      } catch (err) {
        if (!(err instanceof EtcdError) || !err.isUnsure || this.#clock.now() > until) throw err;
        if (tries % this.#clients.length > 0) continue;
        if (err.isMistrusted) throw err;
        await this.#clock.sleep(ROUND_MS);
      }
    }
  }

  once<I, O>(method: Method<I, O>, request: I): Promise<O> {
    const asked = this.#current;
    const call = this.#silence.begin();
    return new Promise((resolve, reject) => {
      this.#clients[asked]!.makeUnaryRequest(
        method.path,
        method.encode,
        method.decode,
        request,
        this.#metadata,
        { deadline: Date.now() + this.#callMs },
        (err, answer) => {
          const failure = err && new EtcdError(err);
          if (failure?.isUnsure) {
            this.#silence.failed(call, failure.message);
            this.#leave(asked);
          } else this.#silence.answered(call);
          if (failure) reject(failure);
          else resolve(answer!);
        },
      );
    });
  }

  /** Sends one request and yields what comes of it, until the stream breaks (throws) or `signal` aborts (ends). */
  async *stream<I, O>(method: Method<I, O>, request: I, signal: AbortSignal): AsyncGenerator<O> {
    if (signal.aborted) return;
    const asked = this.#current;
    const call = this.#clients[asked]!.makeBidiStreamRequest(
      method.path,
      method.encode,
      method.decode,
      this.#metadata,
    );
    const cancel = (): void => call.cancel();
    const stream = { member: asked, cancel };
    this.#streams.add(stream);
    signal.addEventListener("abort", cancel, { once: true });
    call.on("error", () => {}); // the loop below throws it, or has ended
    try {
      call.write(request);
      for await (const message of call) {
        this.#silence.heard();
        yield message as O;
      }
    } catch (err) {
      if (signal.aborted) return;
      const failure = new EtcdError(err as ServiceError);
      if (failure.isUnsure) this.#silence.broken(failure.message);
      this.#leave(asked);
      throw failure;
    } finally {
      this.#streams.delete(stream);
      signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }

  /** Streams leave a member, too, which would not notice for a while that it hangs. */
  #leave(member: number): void {
    if (this.#current !== member || this.#clients.length === 1) return;
    this.#current = (member + 1) % this.#clients.length;
    for (const stream of this.#streams) if (stream.member === member) stream.cancel();
  }
}

const CHANNEL = {
  "grpc.max_receive_message_length": -1, // lists are as long as they are
  "grpc.max_send_message_length": -1,
  "grpc.keepalive_time_ms": 30_000, // as upstream: a member that is gone without a word is found out
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
};

function clientOf(endpoint: string, tls: EtcdTls | undefined): Client {
  if (!tls) return new Client(endpoint, credentials.createInsecure(), CHANNEL);
  const { ca = null, key = null, certificate = null } = tls;
  const host = endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  // gRPC names the address to the server, which Node.js refuses: addresses are no names there. So another name is said, and the address checked.
  const checkServerIdentity = (_name: string, shown: PeerCertificate) => tlsCheck(host, shown);
  const options = isIP(host) ? { ...CHANNEL, "grpc.ssl_target_name_override": "etcd" } : CHANNEL;
  return new Client(endpoint, credentials.createSsl(ca, key, certificate, { checkServerIdentity }), options);
}
