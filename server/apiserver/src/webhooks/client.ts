/**
 * Calls webhooks: a JSON document is posted over TLS, a JSON document comes back. Admission and conversion both use it.
 *
 * Connections are kept and used again, by address and by what is trusted there; which endpoint of a Service is called is decided for each
 * call, so one that has gone is not called again. HTTP/1.1, as upstream: with HTTP/2 all calls would stick to one endpoint.
 */

import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { createSecureContext, getCACertificates } from "node:tls";
import { parseJson } from "@knarr/machinery/decode/json.ts";
import type { Caches } from "../cache/cache.ts";
import { readWhole } from "../http/whole.ts";
import { endpointOf, timeoutText, type WebhookClientConfig, type WebhookEndpoint } from "./endpoint.ts";
import { connectionProblem, DEADLINE, isClosed, statusOfAnswer, WebhookFailure } from "./failure.ts";
import { serviceTarget } from "./service-target.ts";

export interface WebhookCall {
  /** How long the answer may take; the webhook is told, in whole seconds. */
  readonly timeoutMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** Upstream keeps as many clients. */
const MAX_AGENTS = 200;
const IDLE_MS = 90_000;

/** An answer says again what was asked, changed: so many times as long, and then some. */
const MOST_TIMES_LONGER = 8;
const MOST_BYTES_MORE = 16 << 20;

interface Reply {
  readonly code: number;
  readonly type: string;
  readonly body: Buffer;
}

export class WebhookClient implements Disposable {
  readonly #caches: Caches;
  /** By CA bundle, the longest unused first. */
  readonly #agents = new Map<string, Agent>();

  constructor(caches: Caches) {
    this.#caches = caches;
  }

  /** The document that the webhook answers with, whatever it is. Throws WebhookFailure in upstream's words. */
  async call(config: WebhookClientConfig, document: object, call: WebhookCall): Promise<unknown> {
    const endpoint = endpointOf(config);
    const path = `${endpoint.path}?timeout=${timeoutText(call.timeoutMs)}`;
    const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(call.timeoutMs)));
    const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
    let reply: Reply;
    try {
      reply = await this.#exchange(config, { ...endpoint, path }, JSON.stringify(document), signal);
    } catch (err) {
      const isCanceled = signal.aborted && !deadline.aborted;
      const why = deadline.aborted ? DEADLINE : isCanceled ? "context canceled" : (err as Error).message;
      const message = `Post "https://${endpoint.authority}${path}": ${why}`;
      throw new WebhookFailure(message, { cause: err, isCanceled });
    }
    const { code, type, body } = reply;
    if (code >= 200 && code <= 206) return parsed(body);
    const status = statusOfAnswer(code, type, body.toString());
    throw new WebhookFailure(status.message, { status });
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #exchange(
    config: WebhookClientConfig,
    endpoint: WebhookEndpoint,
    body: string,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { host, port, serverName } = config.service
      ? serviceTarget(this.#caches, config.service)
      : endpoint;
    const answer = await post(body, {
      agent: this.#agentOf(config.caBundle ?? ""),
      host,
      port,
      servername: serverName,
      method: "POST",
      path: endpoint.path,
      headers: {
        host: endpoint.authority,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        accept: "application/json, */*",
        "user-agent": "kube-apiserver-admission",
      },
      signal,
    });
    const { statusCode: code = 0, headers } = answer;
    const whole = await readWhole(answer, MOST_TIMES_LONGER * body.length + MOST_BYTES_MORE);
    return { code, type: headers["content-type"] ?? "", body: whole };
  }

  /** One for all who trust the same; their addresses have connections of their own in it. */
  #agentOf(caBundle: string): Agent {
    const agent = this.#agents.get(caBundle) ?? newAgent(caBundle);
    this.#agents.delete(caBundle);
    this.#agents.set(caBundle, agent);
    const [oldest] = this.#agents.keys();
    // What it still has open closes when it has been idle.
    if (this.#agents.size > MAX_AGENTS) this.#agents.delete(oldest!);
    return agent;
  }
}

function newAgent(caBundle: string): Agent {
  const ca = caBundle ? Buffer.from(caBundle, "base64").toString() : systemAuthorities();
  return new Agent({
    keepAlive: true,
    timeout: IDLE_MS,
    ALPNProtocols: ["http/1.1"],
    secureContext: createSecureContext({ ca }), // parsed here, once
  });
}

function systemAuthorities(): string[] {
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

function post(body: string, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options);
    outgoing.once("response", resolve);
    outgoing.once("error", (err) => {
      // A connection kept from before was closed at the other end meanwhile: that says nothing about this call.
      if (outgoing.reusedSocket && !options.signal!.aborted && isClosed(err)) resolve(post(body, options));
      else reject(new Error(connectionProblem(err, options.host!, Number(options.port)), { cause: err }));
    });
    outgoing.end(body);
  });
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body).value;
  } catch (err) {
    const message = `couldn't get version/kind; json parse error: ${(err as Error).message}`;
    throw new WebhookFailure(message, { cause: err });
  }
}
