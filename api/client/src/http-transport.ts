/**
 * The transport over HTTP/2 with TLS: speaks JSON to any Kubernetes API server, ours or upstream's.
 *
 * A request the server refused to look at (a stream refused while closing, 429 with Retry-After) is sent again; every
 * other failure is the caller's to judge.
 */

import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject, type ListOf } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { realClock } from "@knarr/std/clock.ts";
import { LineSplitter } from "@knarr/std/lines.ts";
import type { ClusterAccess } from "./access.ts";
import { HttpConnections } from "./http-connection.ts";
import { collectionPath, queryString } from "./paths.ts";
import type { Selection, Transport, TransportAnswer, TransportRequest, WatchEvent } from "./transport.ts";

/** As client-go: how often a request is sent again when the server asks for that. */
const MAX_RETRIES = 10;
/** A watch asks to be ended after 5 to 10 minutes, so that watches spread over servers again. */
const WATCH_SECONDS = 300;
const JSON_TYPE = "application/json";
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

export class HttpTransport implements Transport {
  readonly #access: ClusterAccess;
  readonly #connections: HttpConnections;
  readonly #prefix: string;

  constructor(access: ClusterAccess) {
    this.#access = access;
    this.#connections = new HttpConnections(access);
    this.#prefix = new URL(access.server).pathname.replace(/\/$/, "");
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    return this.#send(request, request.accept ?? JSON_TYPE);
  }

  async list<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>> {
    const { namespace, metadataOnly, ...query } = selection;
    const path = collectionPath(resource, namespace);
    const answer = await this.#send(
      { method: "GET", path, query, signal },
      metadataOnly ? METADATA_LIST : JSON_TYPE,
    );
    const list = answer.body as ListOf<T>;
    list.items ??= [];
    const apiVersion = groupVersion(resource);
    for (const item of list.items) {
      // upstream leaves these out of the items of a list
      item.apiVersion = apiVersion;
      item.kind = resource.kind;
    }
    return list;
  }

  async *watch<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent<T>[]> {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = selection;
    const stream = await this.#stream(
      {
        method: "GET",
        path: collectionPath(resource, namespace),
        query: {
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion,
          labelSelector,
          fieldSelector,
          timeoutSeconds: Math.round(WATCH_SECONDS * (1 + Math.random())),
        },
        signal,
      },
      metadataOnly ? METADATA_ONLY : JSON_TYPE,
    );
    const onAbort = () => stream.destroy();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const { code, headers } = await responseOf(stream);
      if (code >= 400) throw errorOf(code, headers, parse(headers, await bodyOf(stream)));
      const lines = new LineSplitter();
      for await (const chunk of stream) {
        const events = lines.push(chunk as Buffer).map((line) => eventOf<T>(resource, line, metadataOnly));
        if (events.length > 0) yield events;
      }
    } catch (err) {
      if (!signal.aborted) throw err; // an aborted watch just ends
    } finally {
      signal.removeEventListener("abort", onAbort);
      stream.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
  }

  async #send(request: TransportRequest, accept: string): Promise<TransportAnswer> {
    const { signal } = request;
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      let stream: ClientHttp2Stream;
      try {
        stream = await this.#stream(request, accept);
      } catch (err) {
        if (isRefused(err) && attempt < MAX_RETRIES) continue;
        throw err;
      }
      const onAbort = () => stream.destroy(asError(signal!.reason));
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        const { code, headers } = await responseOf(stream);
        const body = parse(headers, await bodyOf(stream));
        const retryAfter = Number(headers["retry-after"] ?? NaN);
        if (code === 429 && retryAfter >= 0 && attempt < MAX_RETRIES) {
          await realClock.sleep(retryAfter * 1000, signal);
          continue;
        }
        if (code >= 400) throw errorOf(code, headers, body);
        return { code, body, warnings: warningsOf(headers) };
      } catch (err) {
        if (signal?.aborted) throw signal.reason;
        if (!(isRefused(err) && attempt < MAX_RETRIES)) throw err;
      } finally {
        signal?.removeEventListener("abort", onAbort);
      }
    }
  }

  async #stream(request: TransportRequest, accept: string): Promise<ClientHttp2Stream> {
    const { method, path, query, body, contentType = JSON_TYPE } = request;
    const { token, userAgent = "knarr" } = this.#access;
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const bearer = typeof token === "function" ? await token() : token;
    const stream = await this.#connections.open(
      {
        ":method": method,
        ":path": `${this.#prefix}${path}${queryString(query)}`,
        accept,
        "user-agent": userAgent,
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(bytes && { "content-type": contentType, "content-length": bytes.length }),
      },
      bytes === undefined,
    );
    if (bytes) stream.end(bytes);
    return stream;
  }
}

interface ResponseHead {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
}

function responseOf(stream: ClientHttp2Stream): Promise<ResponseHead> {
  return new Promise((resolve, reject) => {
    stream.once("response", (headers) => resolve({ code: headers[":status"] ?? 0, headers }));
    stream.once("error", reject);
    stream.once("close", () => reject(new Error("the connection closed before the server answered")));
  });
}

function bodyOf(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let ended = false;
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("end", () => {
      ended = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    stream.once("error", reject);
    stream.once("close", () => {
      if (!ended) reject(new Error("the connection closed in the middle of an answer"));
    });
  });
}

/** The JSON value of an answer, or its text when it is not JSON (`/healthz`, logs). */
function parse(headers: IncomingHttpHeaders, bytes: Buffer): unknown {
  const text = bytes.toString();
  return headers["content-type"]?.includes("json") && text !== "" ? JSON.parse(text) : text;
}

function errorOf(code: number, headers: IncomingHttpHeaders, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && (body as { kind?: string }).kind === "Status") {
    return ApiError.from(body, code);
  }
  const text = typeof body === "string" ? body.trim() : JSON.stringify(body);
  const retryAfterSeconds = Number(headers["retry-after"]);
  return ApiError.from(
    {
      ...(text && { message: text }),
      ...(retryAfterSeconds > 0 && { details: { retryAfterSeconds } }),
    },
    code,
  );
}

function eventOf<T extends ApiObject>(
  resource: Resource<T>,
  line: string,
  metadataOnly: boolean | undefined,
): WatchEvent<T> {
  const event = JSON.parse(line) as { type: string; object: any };
  if (event.type === "ERROR") throw ApiError.from(event.object, event.object?.code ?? 500);
  if (metadataOnly) {
    event.object.apiVersion = groupVersion(resource);
    event.object.kind = resource.kind;
  }
  return event as WatchEvent<T>;
}

/** The texts of `Warning: 299 - "text"` headers (RFC 7234 §5.5). */
function warningsOf(headers: IncomingHttpHeaders): readonly string[] {
  const header = headers["warning"];
  if (!header) return [];
  const text = Array.isArray(header) ? header.join(", ") : header;
  return [...text.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted]) =>
    quoted!.replace(/\\(.)/g, "$1"),
  );
}

/** The server has not looked at the request, so sending it again cannot do it twice (RFC 9113 §8.7). */
function isRefused(err: unknown): boolean {
  const code = (err as NodeJS.ErrnoException)?.code;
  if (code === "ERR_HTTP2_GOAWAY_SESSION" || code === "ERR_HTTP2_INVALID_SESSION") return true;
  return code === "ERR_HTTP2_STREAM_ERROR" && (err as Error).message.includes("NGHTTP2_REFUSED_STREAM");
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
