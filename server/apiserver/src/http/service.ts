/**
 * HTTP requests to pipeline requests, and outcomes to HTTP answers.
 */

import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { MAX_BODY_BYTES } from "@knarr/machinery/decode/decode.ts";
import { errorAnswer, type WholeAnswer } from "../pipeline/answer.ts";
import type { RequestBody } from "../pipeline/api-request.ts";
import { after, settled } from "../pipeline/at-once.ts";
import { isLongRunning } from "../pipeline/deadline.ts";
import type { Outcome, Pipeline } from "../pipeline/pipeline.ts";
import { Stages } from "../pipeline/stages.ts";
import type { RequestMetrics } from "../metrics/request-metrics.ts";
import { logIfSlow } from "../metrics/slow-requests.ts";
import type { User } from "../request.ts";
import { commonHeaders, sendAnswer } from "./answering.ts";
import type { Connection, Exchange } from "./exchange.ts";
import { auditIdOf } from "./listener.ts";
import { Upgrading } from "./upgrading.ts";

const NO_QUERY = new URLSearchParams();

export class HttpService {
  readonly #pipeline: Pipeline;
  readonly #metrics: RequestMetrics;

  constructor(pipeline: Pipeline, metrics: RequestMetrics) {
    this.#pipeline = pipeline;
    this.#metrics = metrics;
  }

  /** Answers an exchange. Never throws: what goes wrong is answered, or the client has gone. */
  serve(exchange: Exchange, auditId: string): void | Promise<void> {
    return after(this.#outcomeOf(exchange, auditId), (outcome) => {
      const { stages, route } = outcome;
      const sent: Sent = { code: 0, bytes: 0, outcome, auditId };
      const started = stages.total;
      return settled(
        () => this.#send(exchange, sent),
        () => {
          stages.add("answer", stages.total - started);
          this.#count(exchange, sent);
        },
        (err) => {
          this.#pipeline.parts.log.error("Could not write an answer", {
            auditId,
            path: route.path,
            error: err,
          });
          exchange.target({}).abort(); // or the client would wait for ever
        },
      );
    });
  }

  /** Writes the answer, and down in `sent` what was sent. */
  #send(exchange: Exchange, sent: Sent): void | Promise<void> {
    const { outcome, auditId } = sent;
    const { answer } = outcome;
    const headers = commonHeaders(auditId, outcome);
    if ("stream" in answer) return this.#sendStream(exchange, sent, headers);
    const whole = "upgrade" in answer ? upgradeRequired() : answer;
    sent.code = whole.code;
    return after(sendAnswer(exchange, whole, headers), (bytes) => void (sent.bytes = bytes));
  }

  async #sendStream(exchange: Exchange, sent: Sent, headers: OutgoingHttpHeaders): Promise<void> {
    const { route } = sent.outcome;
    using _ = isLongRunning(route) ? this.#metrics.goesOn(route, exchange.method) : undefined;
    sent.code = await this.#stream(exchange, sent, headers);
  }

  /** The same for a request that asks to become another protocol. */
  async upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    connection: Connection,
  ): Promise<void> {
    const exchange = new Upgrading(request, socket, head, connection);
    const auditId = auditIdOf(request.headers);
    const outcome = await this.#outcomeOf(exchange, auditId);
    const { answer, route } = outcome;
    const sent: Sent = { code: 101, bytes: 0, outcome, auditId };
    try {
      using _ = "code" in answer ? undefined : this.#metrics.goesOn(route, exchange.method);
      if ("upgrade" in answer) await answer.upgrade(exchange.raw);
      else if ("stream" in answer)
        sent.code = await this.#stream(exchange, sent, commonHeaders(auditId, outcome));
      else {
        sent.code = answer.code;
        sent.bytes = await sendAnswer(exchange, answer, commonHeaders(auditId, outcome));
      }
    } catch (err) {
      this.#pipeline.parts.log.error("Could not relay a connection", {
        auditId,
        path: route.path,
        error: err,
      });
      socket.destroy();
    }
    this.#count(exchange, sent);
  }

  #count({ method, url, headers }: Exchange, { auditId, code, bytes, outcome }: Sent): void {
    const isLong = isLongRunning(outcome.route) || code === 101;
    const contentType = headers["content-type"];
    this.#metrics.observe({ outcome, method, url, contentType, code, bytes, isLong });
    if (!isLong) logIfSlow(this.#pipeline.parts.log, outcome, { auditId, method, code });
  }

  async #stream(exchange: Exchange, sent: Sent, headers: OutgoingHttpHeaders): Promise<number> {
    const { auditId, outcome } = sent;
    const { answer, route } = outcome;
    if (!("stream" in answer)) return 0;
    let code = 0;
    const target = exchange.target(headers);
    const { start } = target;
    target.start = (...given) => {
      code = given[0];
      start(...given);
    };
    try {
      await answer.stream(target);
      return code;
    } catch (err) {
      const failure = this.#pipeline.failureOf(err, route, auditId);
      if (code) target.abort();
      else await sendAnswer(exchange, errorAnswer(failure), headers);
      return failure.code;
    }
  }

  #outcomeOf(exchange: Exchange, auditId: string): Outcome | Promise<Outcome> {
    const { url, method, headers, connection } = exchange;
    const stages = new Stages();
    const path = pathOf(url);
    const search = url.slice(path.length);
    return this.#pipeline.handle({
      method,
      path: path.includes("%") ? decoded(path) : path,
      query: search ? new URLSearchParams(search) : NO_QUERY,
      headers,
      body: new HttpBody(exchange, stages),
      stages,
      origin: { remoteAddress: connection.remoteAddress, auditId, search },
      user: () => this.#userOf(exchange),
      signal: () => exchange.signal,
    });
  }

  #userOf({ headers, connection, url }: Exchange): User | Promise<User> {
    const { authorization } = headers;
    const bearer = authorization && /^bearer +(.+)$/i.exec(authorization)?.[1];
    return this.#pipeline.parts.authentication.authenticate({
      path: pathOf(url),
      headers,
      ...(connection.certificate && { certificate: connection.certificate }),
      ...(bearer && { bearerToken: bearer.trim() }),
    });
  }
}

/** What was sent of an answer so far. */
interface Sent {
  code: number;
  bytes: number;
  readonly outcome: Outcome;
  readonly auditId: string;
}

/** Reads the body once, whoever asks and how often. */
class HttpBody implements RequestBody {
  readonly #exchange: Exchange;
  readonly #stages: Stages;
  #bytes: Promise<Buffer> | undefined;

  constructor(exchange: Exchange, stages: Stages) {
    this.#exchange = exchange;
    this.#stages = stages;
  }

  get type(): string | undefined {
    return this.#exchange.headers["content-type"];
  }

  read(): Promise<Buffer> {
    return (this.#bytes ??= this.#stages.during("body", this.#exchange.read(MAX_BODY_BYTES)));
  }

  open(): Readable | undefined {
    return this.#exchange.input;
  }
}

function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? url : url.slice(0, mark);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // no valid encoding: then it is nobody's name either
  }
}

function upgradeRequired(): WholeAnswer {
  return {
    code: 400,
    value: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Upgrade request required",
      reason: "BadRequest",
      code: 400,
    },
  };
}
