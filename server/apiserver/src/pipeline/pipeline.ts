/**
 * The way of a request: who asks, may they, and what is answered. Both ways in (HTTP and in-process) end here; nothing here knows of
 * sockets. Always answers: what is thrown becomes a Status.
 */

import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "@knarr/machinery/status.ts";
import { impersonatedUser, isImpersonating } from "../authn/impersonation.ts";

import { RETRY_AFTER_SECONDS } from "../flow-control/refusals.ts";
import { audited } from "../audit/audited.ts";
import type { User } from "../request.ts";
import { errorAnswer, textAnswer, type Answer, type WholeAnswer } from "./answer.ts";
import { ApiRequest, type FlowIds, type Origin, type RequestBody } from "./api-request.ts";
import { after, settled } from "./at-once.ts";
import { authorizeRequest } from "./authorize.ts";
import { dispatch } from "./dispatch.ts";
import type { Parts } from "./parts.ts";
import { routeOf, type Route } from "./route.ts";
import type { NonResources } from "./non-resources.ts";
import { isLongRunning } from "./deadline.ts";
import { Stages } from "./stages.ts";

/** A request as it came in. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  readonly origin: Origin;
  /** Where what is measured is kept; made when not given. */
  readonly stages?: Stages;
  /** Who asks: known already for clients in this process. */
  user(): User | Promise<User>;
  signal(): AbortSignal;
}

export interface Outcome {
  readonly answer: Answer;
  readonly warnings: readonly string[];
  readonly route: Route;
  readonly user: User | undefined;
  readonly flow?: FlowIds | undefined;
  readonly stages: Stages;
}

export class Pipeline {
  readonly parts: Parts;
  /** Requests that are worked on and will come to an end. */
  readonly inFlight = { mutating: 0, readOnly: 0 };
  readonly #nonResources: NonResources;

  constructor(parts: Parts, nonResources: NonResources) {
    this.parts = parts;
    this.#nonResources = nonResources;
  }

  /** At once, when nothing has to be waited for: most reads come out of memory. */
  handle(incoming: Incoming): Outcome | Promise<Outcome> {
    const { stages = new Stages() } = incoming;
    const route = routeOf(incoming.method, incoming.path, incoming.query);
    const counted = isLongRunning(route) ? undefined : READ_ONLY.has(route.verb) ? "readOnly" : "mutating";
    if (counted) this.inFlight[counted]++;
    let request: ApiRequest | undefined;
    const failed = (err: unknown): Outcome => {
      const answer = errorAnswer(this.failureOf(err, route, incoming.origin.auditId));
      return request ? outcomeOf(request, answer) : { answer, warnings: [], route, user: undefined, stages };
    };
    const done = (): void => {
      stages.endStore();
      if (counted) this.inFlight[counted]--;
    };
    return settled(
      () =>
        after(this.#userOf(incoming, route, stages), (user) => {
          request = new ApiRequest(incoming, { route, user, stages });
          return this.#identified(request);
        }),
      done,
      failed,
    );
  }

  /** Who asks is known: what is answered. */
  #identified(request: ApiRequest): Outcome | Promise<Outcome> {
    request.audit = this.parts.audit?.begin(request);
    if (isImpersonating(request.headers))
      return this.#impersonate(request).then(() => this.#admitted(request));
    return this.#admitted(request);
  }

  #admitted(request: ApiRequest): Outcome | Promise<Outcome> {
    const { limits } = this.parts;
    if (!limits) return this.#authorized(request);
    const admitted = limits.admit(request);
    return after(admitted instanceof Promise ? request.stages.during("queue", admitted) : admitted, (seat) =>
      seat
        ? settled(
            () => this.#authorized(request),
            () => seat.release(),
          )
        : outcomeOf(request, tooManyRequests()),
    );
  }

  #authorized(request: ApiRequest): Outcome | Promise<Outcome> {
    const asked = authorizeRequest(this.parts.authorization, request);
    return asked
      ? request.stages.during("authorization", asked).then(() => this.#answered(request))
      : this.#answered(request);
  }

  #answered(request: ApiRequest): Outcome | Promise<Outcome> {
    return after(this.#answer(request), (answer) => outcomeOf(request, answer));
  }

  #answer(request: ApiRequest): Answer | Promise<Answer> {
    const passed = this.parts.aggregator.pass(request);
    if (passed) return passed;
    return request.route.isResource
      ? dispatch(this.parts, request)
      : this.#nonResources.answer(this.parts, request);
  }

  #userOf(incoming: Incoming, route: Route, stages: Stages): User | Promise<User> {
    const refused = (err: unknown): never => {
      this.parts.audit?.refused(new ApiRequest(incoming, { route, user: NOBODY, stages }));
      throw err;
    };
    try {
      const user = incoming.user();
      return user instanceof Promise ? stages.during("authentication", user).catch(refused) : user;
    } catch (err) {
      return refused(err);
    }
  }

  async #impersonate(request: ApiRequest): Promise<void> {
    const user = await impersonatedUser(request.headers, request, this.parts.authorization);
    request.audit?.actsAs(user);
    request.actAs(user);
  }

  /** What is thrown and is no ApiError is a fault of ours: logged with the id that the client has, too, and answered as upstream answers a panic. */
  failureOf(err: unknown, { path, verb }: Route, auditId: string): ApiError {
    if (err instanceof ApiError) return err;
    if (err instanceof Error && err.name === "AbortError")
      return new ApiError("Timeout", "the request was ended by the client");
    this.parts.log.error("Request failed", { ...(auditId && { auditId }), path, verb, error: err });
    const message = err instanceof Error ? err.message : String(err);
    return new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
}

/** As upstream words it; every client comes again by itself. */
function tooManyRequests(): WholeAnswer {
  const answer = textAnswer(429, "Too many requests, please try again later.\n");
  return { ...answer, headers: { "retry-after": String(RETRY_AFTER_SECONDS) } };
}

/** Verbs of routes, and methods of paths that are no resource. */
const READ_ONLY = new Set(["get", "list", "watch", "head", "options"]);

const NOBODY: User = { name: "", groups: [] };

function outcomeOf({ audit, warnings, route, user, flow, stages }: ApiRequest, answer: Answer): Outcome {
  return { answer: audit ? audited(audit, answer) : answer, warnings, route, user, flow, stages };
}
