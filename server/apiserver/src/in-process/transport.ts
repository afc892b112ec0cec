/**
 * The API for clients in this process: the same pipeline without sockets, bytes or parsing. Objects come as the cache holds them, frozen
 * and shared; watches are the cache's own events.
 */

import { Readable } from "node:stream";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject, type ListOf } from "@knarr/machinery/object.ts";
import { collectionPath } from "@knarr/client/paths.ts";
import { LineSplitter } from "@knarr/std/lines.ts";
import { received, receivedWhole } from "./received.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import { parseLabelSelector } from "@knarr/machinery/labels.ts";
import type {
  Selection,
  Transport,
  TransportAnswer,
  TransportRequest,
  WatchEvent,
} from "@knarr/client/transport.ts";
import type { Selected } from "../cache/cache.ts";
import { selectorOfStored } from "../handlers/selection.ts";
import type { ClientMetrics } from "../metrics/client-metrics.ts";
import type { Answer } from "../pipeline/answer.ts";
import { authorizeOrRefuse } from "../pipeline/authorize.ts";
import type { Origin, RequestBody } from "../pipeline/api-request.ts";
import type { Outcome, Pipeline } from "../pipeline/pipeline.ts";
import { nameSelected } from "../pipeline/route.ts";
import type { Served } from "../registry/served.ts";
import type { Attributes, User } from "../request.ts";

const NOTHING: RequestBody = {
  type: undefined,
  read: async () => Buffer.alloc(0),
  open: () => undefined,
};
const never = new AbortController().signal;

export interface InProcessClient {
  readonly user: User;
  readonly userAgent: string;
  readonly metrics: ClientMetrics;
}

export class InProcessTransport implements Transport {
  readonly #pipeline: Pipeline;
  readonly #user: User;
  readonly #headers: { readonly "user-agent": string };
  readonly #metrics: ClientMetrics;

  constructor(pipeline: Pipeline, { user, userAgent, metrics }: InProcessClient) {
    this.#pipeline = pipeline;
    this.#user = user;
    this.#metrics = metrics;
    this.#headers = { "user-agent": userAgent };
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    const started = performance.now();
    const { answer, warnings } = await this.#handle(request);
    const whole = "stream" in answer ? await receivedWhole(answer, request.signal ?? never) : answer;
    this.#metrics.answered(request.method, "code" in whole ? whole.code : 101, started);
    return answered(whole, warnings);
  }

  #handle({
    method,
    path,
    query,
    body,
    contentType,
    accept,
    signal,
  }: TransportRequest): Outcome | Promise<Outcome> {
    signal?.throwIfAborted();
    return this.#pipeline.handle({
      method,
      path: decodeURIComponent(path),
      query: queryOf(query),
      headers: {
        ...this.#headers,
        ...(accept && { accept }),
        ...(body !== undefined && { "content-type": contentType ?? "application/json" }),
      },
      body: body === undefined ? NOTHING : new ValueBody(body, contentType ?? "application/json"),
      origin: originOf(query),
      user: () => this.#user,
      signal: () => signal ?? never,
    });
  }

  async list<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>> {
    signal.throwIfAborted();
    const served = this.#ours(resource);
    // what is made when asked for is in no cache
    if (!served || served.resource.isComputed) return this.#listBehind(resource, selection, signal);
    await this.#authorize("list", resource, selection);
    const { skipsUnreadable = false } = selection;
    const page = await served.list({ ...selectedBy(resource, selection), skipsUnreadable });
    return {
      apiVersion: served.apiVersion,
      kind: served.listKind,
      metadata: { resourceVersion: page.resourceVersion },
      items: page.items.map(({ object }) => object as T),
    };
  }

  async *watch<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent<T>[]> {
    const served = this.#ours(resource);
    if (!served) {
      yield* this.#watchBehind(resource, selection, resourceVersion, signal);
      return;
    }
    await this.#authorize("watch", resource, selection);
    const query = { ...selectedBy(resource, selection), resourceVersion, allowWatchBookmarks: true };
    const { stored } = resource;
    for await (const events of served.events(query, signal)) {
      yield stored
        ? events.map((event) =>
            event.type === "BOOKMARK"
              ? event
              : { ...event, object: stored.fromHub(structuredClone(event.object)) },
          )
        : (events as readonly WatchEvent<T>[]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Kinds found by discovery may be those of a server behind this one, or gone meanwhile. */
  #ours({ group, version, plural }: Resource<any>): Served | undefined {
    return this.#pipeline.parts.registry.find(group, version, plural);
  }

  async #listBehind<T extends ApiObject>(
    resource: Resource<T>,
    { namespace, metadataOnly: _, ...query }: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>> {
    const path = collectionPath(resource, namespace);
    const { body } = await this.request({ method: "GET", path, query, signal });
    const list = body as ListOf<T>;
    const type = { apiVersion: groupVersion(resource), kind: resource.kind };
    return { ...list, items: (list.items ?? []).map((item) => ({ ...item, ...type })) };
  }

  async *#watchBehind<T extends ApiObject>(
    resource: Resource<T>,
    { namespace, labelSelector, fieldSelector }: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent<T>[]> {
    const path = collectionPath(resource, namespace);
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion, labelSelector, fieldSelector };
    const { answer } = await this.#handle({ method: "GET", path, query, signal });
    if (!("stream" in answer)) return void answered(answer, []);
    const { code, body } = await received(answer, signal);
    if (code >= 400)
      return void answered({ code, value: Buffer.concat(await body.toArray()).toString() }, []);
    const lines = new LineSplitter();
    try {
      for await (const chunk of body) {
        const events = lines.push(chunk as Buffer).map((line) => eventOf<T>(line));
        if (events.length > 0) yield events;
      }
    } catch (err) {
      if (!signal.aborted) throw err; // an aborted watch just ends
    }
  }

  async #authorize(
    verb: string,
    { group, version, plural }: Resource<any>,
    selection: Selection,
  ): Promise<void> {
    const { namespace = "", labelSelector, fieldSelector } = selection;
    const attributes: Attributes = {
      user: this.#user,
      verb,
      isResource: true,
      group,
      version,
      resource: plural,
      subresource: "",
      namespace,
      name: nameSelected(fieldSelector),
      path: "",
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
    await authorizeOrRefuse(this.#pipeline.parts.authorization, attributes);
  }
}

/** A body that is a value already. */
class ValueBody implements RequestBody {
  readonly value: unknown;
  readonly type: string;

  constructor(value: unknown, type: string) {
    this.value = value;
    this.type = type;
  }

  async read(): Promise<Buffer> {
    return Buffer.alloc(0);
  }

  open(): Readable {
    return Readable.from([JSON.stringify(this.value)]);
  }
}

function eventOf<T extends ApiObject>(line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { readonly type: string; readonly object: any };
  if (event.type === "ERROR") throw ApiError.from(event.object, event.object?.code ?? 500);
  return event as WatchEvent<T>;
}

function answered(answer: Answer, warnings: readonly string[]): TransportAnswer {
  if (!("code" in answer)) throw new ApiError("BadRequest", "upgrades need a connection: use HTTP");
  const { code, value } = answer;
  if (code >= 400) {
    if (typeof value === "object" && value !== null) throw ApiError.from(value, code);
    throw ApiError.from(
      { message: String(value).trim(), reason: code === 404 ? "NotFound" : "Unknown" },
      code,
    );
  }
  return { code, body: value, warnings };
}

function originOf(query: TransportRequest["query"]): Origin {
  return {
    remoteAddress: "",
    auditId: "",
    get search() {
      return query ? `?${queryOf(query)}` : "";
    },
  };
}

function queryOf(query: TransportRequest["query"]): URLSearchParams {
  const result = new URLSearchParams();
  for (const name in query) {
    const value = query[name];
    if (value !== undefined) result.set(name, String(value));
  }
  return result;
}

export function selectedBy(
  resource: Resource<any>,
  { namespace, labelSelector, fieldSelector }: Selection,
): Selected {
  return {
    ...(namespace && { namespace }),
    ...(labelSelector && { labelSelector: parseLabelSelector(labelSelector) }),
    ...(fieldSelector && { fieldSelector: selectorOfStored(parseFieldSelector(fieldSelector), resource) }),
  };
}
