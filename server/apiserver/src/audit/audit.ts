/**
 * The audit trail: who did what, when, and what came of it (KEP-22, `audit.k8s.io/v1`). A request gets a record when the policy wants one;
 * the stages that it goes through are written to the log as they come. Requests that the policy leaves out cost one look at its rules, and a
 * server without a policy nothing.
 */

import { formatMicroTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { User } from "../request.ts";
import type { AuditLog } from "./log.ts";
import { LEVELS, type AuditDecision, type AuditPolicy, type Level, type Stage } from "./policy.ts";

export interface AuditOptions {
  readonly policy: AuditPolicy;
  readonly log: AuditLog;
  readonly clock: Clock;
}

export class Audit {
  readonly #options: AuditOptions;
  /** Requests by the level the policy gives them. */
  readonly levels: Record<Level, number> = { None: 0, Metadata: 0, Request: 0, RequestResponse: 0 };

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  get log(): AuditLog {
    return this.#options.log;
  }

  /** The record of a request whose user is known; undefined when nothing of it is written. */
  begin(request: ApiRequest): AuditRecord | undefined {
    const decision = this.#decide(request);
    if (decision.level === "None") return undefined;
    const record = new AuditRecord(request, decision, this.#options);
    record.write("RequestReceived");
    return record;
  }

  /** A request whose credentials were refused: it has a user without a name. */
  refused(request: ApiRequest): void {
    const decision = this.#decide(request);
    if (decision.level === "None") return;
    const record = new AuditRecord(request, decision, this.#options);
    const isBearer = /^bearer +./i.test(request.headers.authorization ?? "");
    const tried = isBearer
      ? "Authentication failed, attempted: bearer"
      : "Authentication failed, no credentials provided";
    record.answered({ code: 401, status: "Failure", reason: "Unauthorized", message: tried });
    record.write("ResponseStarted");
  }

  #decide(request: ApiRequest): AuditDecision {
    const decision = this.#options.policy.decide(request);
    this.levels[decision.level]++;
    return decision;
  }
}

const LONGEST_USER_AGENT = 1024;

/** What an answer says of its success. */
interface ResponseStatus {
  readonly code: number;
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
}

export class AuditRecord {
  readonly #request: ApiRequest;
  /** Who asked, whoever the request acts as. */
  readonly #user: User;
  readonly #decision: AuditDecision;
  readonly #options: AuditOptions;
  readonly #received: string;
  #impersonated: User | undefined;
  #uid: string | undefined;
  #name: string | undefined;
  #resourceVersion: string | undefined;
  #requestObject: unknown;
  #response: ResponseStatus | undefined;
  #responseObject: unknown;

  constructor(request: ApiRequest, decision: AuditDecision, options: AuditOptions) {
    this.#request = request;
    this.#user = request.user;
    this.#decision = decision;
    this.#options = options;
    this.#received = formatMicroTime(options.clock.now());
  }

  wants(level: Level): boolean {
    return LEVELS.indexOf(this.#decision.level) >= LEVELS.indexOf(level);
  }

  actsAs(user: User): void {
    this.#impersonated = user;
  }

  /** The object that was sent, decoded. */
  sent(object: any): void {
    this.#uid ??= object?.metadata?.uid;
    this.#name ??= object?.metadata?.name;
    this.#resourceVersion ??= object?.metadata?.resourceVersion;
    if (this.wants("Request")) this.#requestObject = this.#shown(structuredClone(object));
  }

  /** A patch, or options: what has no object behind it. */
  sentPlain(value: unknown): void {
    if (this.wants("Request")) this.#requestObject = value;
  }

  /** `object` is asked for only at level RequestResponse, and of resources. */
  answered(status: ResponseStatus, object?: () => unknown): void {
    this.#response = status;
    if (object && this.#request.isResource && this.wants("RequestResponse"))
      this.#responseObject = this.#shown(structuredClone(object()));
  }

  write(stage: Stage): void {
    if (this.#decision.omittedStages.has(stage)) return;
    const { log, clock } = this.#options;
    log.write({
      ...this.#event(stage),
      stageTimestamp: formatMicroTime(clock.now()),
      ...this.#annotations(),
    });
  }

  #event(stage: Stage): object {
    const { verb, path, origin, headers } = this.#request;
    const agent = headers["user-agent"];
    const response = stage !== "RequestReceived" && this.#response;
    return {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: this.#decision.level,
      auditID: origin.auditId,
      stage,
      requestURI: `${path}${origin.search}`,
      verb,
      user: userInfo(this.#user),
      ...(this.#impersonated && { impersonatedUser: userInfo(this.#impersonated) }),
      ...(origin.remoteAddress && { sourceIPs: sourcesOf(headers, origin.remoteAddress) }),
      ...(agent && { userAgent: shortened(agent) }),
      ...this.#objectRef(),
      ...(response && { responseStatus: { metadata: {}, ...response } }),
      ...(this.#requestObject !== undefined && { requestObject: this.#requestObject }),
      ...(response && this.#responseObject !== undefined && { responseObject: this.#responseObject }),
      requestReceivedTimestamp: this.#received,
    };
  }

  #objectRef(): object {
    const { isResource, group, version, resource, subresource, namespace, name } = this.#request;
    if (!isResource) return {};
    const called = name || this.#name;
    return {
      objectRef: {
        resource,
        ...(namespace && { namespace }),
        ...(called && { name: called }),
        ...(this.#uid && { uid: this.#uid }),
        ...(group && { apiGroup: group }),
        apiVersion: version,
        ...(this.#resourceVersion && { resourceVersion: this.#resourceVersion }),
        ...(subresource && { subresource }),
      },
    };
  }

  #annotations(): object {
    const wanted = [...this.#request.annotations].filter(([, { level }]) => this.wants(level));
    if (wanted.length === 0) return {};
    return { annotations: Object.fromEntries(wanted.map(([key, { value }]) => [key, value])) };
  }

  #shown(object: any): unknown {
    if (!this.#decision.omitsManagedFields) return object;
    for (const one of [
      object,
      ...(object?.items ?? []),
      ...(object?.rows ?? []).map((row: any) => row.object),
    ])
      delete one?.metadata?.managedFields;
    return object;
  }
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

function shortened(agent: string): string {
  return agent.length > LONGEST_USER_AGENT ? `${agent.slice(0, LONGEST_USER_AGENT)}...TRUNCATED` : agent;
}

/** The client's address as proxies tell it, then that of the connection, each once. */
function sourcesOf(headers: ApiRequest["headers"], remoteAddress: string): string[] {
  const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
  const real = String(headers["x-real-ip"] ?? "");
  const all = [...forwarded, real, remoteAddress].map((text) => text.trim()).filter(Boolean);
  return [...new Set(all)];
}
