/**
 * A gRPC connection over a unix socket: one call in, one plain object out, every call with a deadline.
 *
 * A call that may be repeated (`idempotent`) waits for a runtime that is just restarting and is tried again when the
 * connection broke under it; any other fails at once, because nobody knows whether it was carried out. Every call waits for a runtime that
 * answers and says that it is still starting: that one has carried out nothing.
 */

import { setTimeout as delay } from "node:timers/promises";
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import type { Method } from "./messages.ts";

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Safe to repeat: wait for the server to be there, try again when the connection breaks. */
  readonly idempotent?: boolean;
}

/** What the other side answered, or that it did not. `code` is gRPC's. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly method: string;

  constructor(method: string, code: number, details: string) {
    super(details);
    this.method = method;
    this.code = code;
  }
}

export const isRpcNotFound = (err: unknown): boolean =>
  err instanceof RpcError && err.code === status.NOT_FOUND;
export const isRpcUnavailable = (err: unknown): boolean =>
  err instanceof RpcError && err.code === status.UNAVAILABLE;
export const isRpcUnimplemented = (err: unknown): boolean =>
  err instanceof RpcError && err.code === status.UNIMPLEMENTED;

const DEFAULT_TIMEOUT_MS = 120_000; // upstream's runtimeRequestTimeout
const ATTEMPTS = 3;
/** Between two questions to a runtime that is starting: it has no way to tell. */
const STARTING_MS = 10;
/** containerd's answer to all of CRI between opening its socket and being ready. */
const saysItIsStarting = (err: unknown): boolean =>
  err instanceof RpcError &&
  err.code === status.UNKNOWN &&
  err.message.includes("server is not initialized yet");

export class Connection implements Disposable {
  readonly #client: Client;
  readonly #metadata: Readonly<Record<string, string>>;
  #isClosed = false;

  /** `metadata` goes with every call (containerd's own services want `containerd-namespace`). */
  constructor(socket: string, metadata: Readonly<Record<string, string>> = {}) {
    this.#metadata = metadata;
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": 64 << 20, // ExecSync and long lists
      "grpc.max_send_message_length": 64 << 20,
      "grpc.initial_reconnect_backoff_ms": 20,
      "grpc.min_reconnect_backoff_ms": 20,
      "grpc.max_reconnect_backoff_ms": 500, // a local socket: there or not
      "grpc.enable_retries": 0,
      "grpc.service_config_disable_resolution": 1,
    });
  }

  async unary<I, O>(method: Method<I, O>, request: I, options: CallOptions = {}): Promise<O> {
    const until = Date.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    for (let attempt = 1; ;) {
      try {
        return await this.#call(method, request, until, options);
      } catch (err) {
        const isStarting = saysItIsStarting(err) && Date.now() < until;
        if (!isStarting && (!options.idempotent || attempt++ === ATTEMPTS || !isRpcUnavailable(err)))
          throw err;
        options.signal?.throwIfAborted();
        if (isStarting) await delay(STARTING_MS, undefined, { signal: options.signal });
      }
    }
  }

  /** Answers as they come, until the server ends the stream, the signal aborts (both: normal end), or it breaks (throws). */
  async *stream<I, O>(method: Method<I, O>, request: I, signal: AbortSignal): AsyncGenerator<O> {
    if (signal.aborted || this.#isClosed) return;
    const call = this.#client.makeServerStreamRequest(
      method.path,
      method.encode,
      method.decode,
      request,
      this.#headers(false),
    );
    const cancel = () => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      for await (const message of call) yield message as O;
    } catch (err) {
      if (!signal.aborted) throw rpcError(method.path, err as ServiceError);
    } finally {
      signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#client.close();
  }

  #call<I, O>(method: Method<I, O>, request: I, until: number, options: CallOptions): Promise<O> {
    const { signal } = options;
    return new Promise<O>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#isClosed)
        return reject(new RpcError(method.path, status.CANCELLED, "the connection is closed"));
      const cancel = () => call.cancel();
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.encode,
        method.decode,
        request,
        this.#headers(options.idempotent ?? false),
        { deadline: until },
        (err, answer) => {
          signal?.removeEventListener("abort", cancel);
          if (!err) resolve(answer!);
          else reject(signal?.aborted ? signal.reason : rpcError(method.path, err));
        },
      );
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  #headers(waitForReady: boolean): Metadata {
    const metadata = new Metadata({ waitForReady });
    for (const [name, value] of Object.entries(this.#metadata)) metadata.set(name, value);
    return metadata;
  }
}

function rpcError(method: string, { code, details, message }: ServiceError): RpcError {
  return new RpcError(method, code ?? status.UNKNOWN, details || message);
}
