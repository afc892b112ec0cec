/**
 * The way of a request: who asks, may they, and what is answered. Both ways in (HTTP and in-process) end here; nothing here knows of
 * sockets. Always answers: what is thrown becomes a Status.
 */

import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "@knarr/machinery/status.ts";
import { impersonatedUser, isImpersonating } from "../authn/impersonation.ts";

import type { Attributes, User } from "../request.ts";
import { errorAnswer, type Answer } from "./answer.ts";
import { ApiRequest, type Origin, type RequestBody } from "./api-request.ts";
import { authorizeOrRefuse } from "./authorize.ts";
import { dispatch } from "./dispatch.ts";
import type { Parts } from "./parts.ts";
import { routeOf, type Route } from "./route.ts";
import type { NonResources } from "./non-resources.ts";

/** A request as it came in. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  readonly origin: Origin;
  /** Who asks: known already for clients in this process. */
  user(): User | Promise<User>;
  signal(): AbortSignal;
}

export interface Outcome {
  readonly answer: Answer;
  readonly warnings: readonly string[];
  readonly route: Route;
  readonly user: User | undefined;
}

export class Pipeline {
  readonly parts: Parts;
  readonly #nonResources: NonResources;

  constructor(parts: Parts, nonResources: NonResources) {
    this.parts = parts;
    this.#nonResources = nonResources;
  }

  async handle(incoming: Incoming): Promise<Outcome> {
    const { method, path, query, headers, body, origin } = incoming;
    const route = routeOf(method, path, query);
    let request: ApiRequest | undefined;
    try {
      const identity = incoming.user();
      let user = identity instanceof Promise ? await identity : identity;
      if (isImpersonating(headers))
        user = await impersonatedUser(headers, attributesOf(route, user), this.parts.authorization);
      request = new ApiRequest({
        method,
        route,
        query,
        headers,
        body,
        user,
        origin,
        signal: () => incoming.signal(),
      });
      const asked = authorizeOrRefuse(this.parts.authorization, request);
      if (asked) await asked;
      const answer = await (route.isResource
        ? dispatch(this.parts, request)
        : this.#nonResources.answer(this.parts, request));
      return { answer, warnings: request.warnings, route, user };
    } catch (err) {
      return {
        answer: errorAnswer(this.failureOf(err, route)),
        warnings: request?.warnings ?? [],
        route,
        user: request?.user,
      };
    }
  }

  /** What is thrown and is no ApiError is a fault of ours: logged, and answered as upstream answers a panic. */
  failureOf(err: unknown, { path, verb }: Route): ApiError {
    if (err instanceof ApiError) return err;
    if (err instanceof Error && err.name === "AbortError")
      return new ApiError("Timeout", "the request was ended by the client");
    this.parts.log.error("Request failed", { path, verb, error: err });
    const message = err instanceof Error ? err.message : String(err);
    return new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
}

function attributesOf(route: Route, user: User): Attributes {
  const { verb, isResource, group, version, resource, subresource, namespace, name, path } = route;
  return { user, verb, isResource, group, version, resource, subresource, namespace, name, path };
}
