/**
 * pods/proxy, services/proxy and nodes/proxy: a request goes on to something in the cluster, whatever its method and protocol, and its answer
 * comes back as it is, except that what it says of its own paths is moved to where the client sees them.
 */

import type { Handler } from "../handlers/handler.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";
import { failUnreachable } from "../proxying/failures.ts";
import { isUpgrade } from "../proxying/headers.ts";
import { escapedPath, passThrough } from "../proxying/pass-through.ts";
import type { Upstream } from "../proxying/upstream.ts";
import { admittedConnection, type ProxyOptions } from "./connect-options.ts";

/** Throws ApiError for what cannot be found or must not be reached. */
export type Locate = (parts: Parts, request: ApiRequest) => Upstream;

export function proxy(locate: Locate): Handler {
  return async (parts, request, served) => {
    const { route, origin, method, headers } = request;
    const { path = "" } = await admittedConnection<ProxyOptions>(parts, request, served);
    const upstream = locate(parts, request);
    // Pages link to what lies beside them: without the slash that would be beside `proxy`.
    if (path === "" && (method === "GET" || method === "HEAD") && !isUpgrade(headers))
      return {
        code: 301,
        bytes: Buffer.alloc(0),
        headers: { location: `${escapedPath(route.path)}/${origin.search}` },
      };
    return passThrough(request, {
      upstream,
      path: escapedPath(path) || "/",
      prefix: escapedPath(route.path.slice(0, route.path.length - route.rest.length)),
      fail: failUnreachable,
    });
  };
}
