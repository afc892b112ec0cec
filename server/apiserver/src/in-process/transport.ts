/**
 * The API for clients in this process: the same pipeline without sockets, bytes or parsing. Objects come as the cache holds them, frozen
 * and shared; watches are the cache's own events.
 */

import { Readable } from "node:stream";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, ListOf } from "@knarr/machinery/object.ts";
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
import type { Answer } from "../pipeline/answer.ts";
import { authorizeOrRefuse } from "../pipeline/authorize.ts";
import type { Origin, RequestBody } from "../pipeline/api-request.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { nameSelected } from "../pipeline/route.ts";
import type { Attributes, User } from "../request.ts";

const NOTHING: RequestBody = {
  type: undefined,
  read: async () => Buffer.alloc(0),
  open: () => undefined,
};
const never = new AbortController().signal;

export class InProcessTransport implements Transport {
  readonly #pipeline: Pipeline;
  readonly #user: User;
  readonly #headers: { readonly "user-agent": string };

  constructor(pipeline: Pipeline, user: User, userAgent: string) {
    this.#pipeline = pipeline;
    this.#user = user;
    this.#headers = { "user-agent": userAgent };
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    const { method, path, query, body, contentType, signal } = request;
    signal?.throwIfAborted();
    const { answer, warnings } = await this.#pipeline.handle({
      method,
      path: decodeURIComponent(path),
      query: queryOf(query),
      headers: this.#headers,
      body: body === undefined ? NOTHING : new ValueBody(body, contentType ?? "application/json"),
      origin: originOf(query),
      user: () => this.#user,
      signal: () => signal ?? never,
    });
    return answered(answer, warnings);
  }

  async list<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>> {
    signal.throwIfAborted();
    await this.#authorize("list", resource, selection);
    const served = this.#pipeline.parts.registry.of(resource);
    const page = await served.list(selectedBy(resource, selection));
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
    await this.#authorize("watch", resource, selection);
    const served = this.#pipeline.parts.registry.of(resource);
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

function answered(answer: Answer, warnings: readonly string[]): TransportAnswer {
  if (!("code" in answer))
    throw new ApiError("BadRequest", "streams and upgrades need a connection: use HTTP");
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
