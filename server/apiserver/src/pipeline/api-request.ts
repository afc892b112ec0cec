/**
 * One request on its way through the pipeline, however it came in. A stage adds to it; none takes away.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { AuditRecord } from "../audit/audit.ts";
import type { Attributes, User } from "../request.ts";
import { isLongRunning, timeoutOf } from "./deadline.ts";
import type { Incoming } from "./pipeline.ts";
import type { Route } from "./route.ts";
import type { Stages } from "./stages.ts";

export interface RequestBody {
  /** Content-Type as it came. */
  readonly type: string | undefined;
  /** Reads the body; throws ApiError RequestEntityTooLarge. */
  read(): Promise<Buffer>;
  /** The body as it comes, of any length, for those who pass it on; undefined when there is none. Never both this and `read`. */
  open(): Readable | undefined;
  /** From a client in this process: a JSON value instead of bytes; never to be changed. */
  readonly value?: unknown;
}

/** Where a request came from. */
export interface Origin {
  /** The other end of the connection; empty for clients in this process. */
  readonly remoteAddress: string;
  readonly auditId: string;
  /** What follows the path as it came: empty, or a question mark and the query. */
  readonly search: string;
}

export interface FlowIds {
  readonly schema: string;
  readonly level: string;
}

interface Annotation {
  readonly value: string;
  readonly level: "Metadata" | "Request";
}

const NONE: ReadonlyMap<string, Annotation> = new Map();

export class ApiRequest implements Attributes {
  readonly method: string;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  #user: User;
  readonly origin: Origin;
  readonly stages: Stages;
  /** What is written of it, when the audit policy wants anything. */
  audit: AuditRecord | undefined;
  /** Uids of the flow schema and the priority level that it belongs to. */
  flow: FlowIds | undefined;
  /** Texts for `Warning:` headers. */
  readonly warnings: string[] = [];
  #annotations: Map<string, Annotation> | undefined;
  readonly #timeoutMs: number;
  readonly #incoming: Incoming;

  constructor(
    incoming: Incoming,
    known: { readonly route: Route; readonly user: User; readonly stages: Stages },
  ) {
    this.method = incoming.method;
    this.route = known.route;
    this.query = incoming.query;
    this.headers = incoming.headers;
    this.body = incoming.body;
    this.#user = known.user;
    this.origin = incoming.origin;
    this.stages = known.stages;
    this.#incoming = incoming;
    this.#timeoutMs = isLongRunning(known.route) ? Infinity : timeoutOf(incoming.query);
  }

  get user(): User {
    return this.#user;
  }

  /** From here on the request is another user's. */
  actAs(user: User): void {
    this.#user = user;
  }

  /** Aborts when the client has gone; only requests that wait ask for it. */
  get signal(): AbortSignal {
    return this.#incoming.signal();
  }

  /** What admission adds to the audit event, with the level from which on it is written. */
  get annotations(): ReadonlyMap<string, Annotation> {
    return this.#annotations ?? NONE;
  }

  /** Milliseconds until the client gets no answer any more; `limit` is what this sort of request may take at most. */
  remainingMs(limit: number): number {
    return Math.min(this.#timeoutMs, limit) - this.stages.total;
  }

  /** Each text once: a retried write warns again. */
  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  /** What is said first of a key stands. */
  annotate(key: string, value: string, level: "Metadata" | "Request" = "Metadata"): void {
    this.#annotations ??= new Map();
    if (!this.#annotations.has(key)) this.#annotations.set(key, { value, level });
  }

  // Attributes, as authorizers see them
  get verb(): string {
    return this.route.verb;
  }
  get isResource(): boolean {
    return this.route.isResource;
  }
  get group(): string {
    return this.route.group;
  }
  get version(): string {
    return this.route.version;
  }
  get resource(): string {
    return this.route.resource;
  }
  get subresource(): string {
    return this.route.subresource;
  }
  get namespace(): string {
    return this.route.namespace;
  }
  get name(): string {
    return this.route.name;
  }
  get path(): string {
    return this.route.path;
  }
  get labelSelector(): string {
    return this.query.get("labelSelector") ?? "";
  }
  get fieldSelector(): string {
    return this.query.get("fieldSelector") ?? "";
  }
}
