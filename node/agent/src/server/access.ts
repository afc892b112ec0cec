/**
 * Who asks (by client certificate of the cluster's CA, or by bearer token), and what a request to the node's server is as a
 * question to the authorizer: `get nodes/proxy` and finer ones, upstream's mapping.
 *
 * One difference, on purpose: to run something in a container is `create`, whatever the HTTP method. Upstream asks for `get` when it
 * comes as a WebSocket, so that whoever may read metrics by way of nodes/proxy may become root.
 */

import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Reviews, User } from "./reviews.ts";

/** Undefined when nobody known asks. */
export async function userOf(request: IncomingMessage, reviews: Reviews): Promise<User | undefined> {
  const socket = request.socket as TLSSocket;
  if (socket.authorized) {
    const { CN = "", O = [] } = (socket.getPeerCertificate().subject ?? {}) as Partial<
      Record<"CN" | "O", string | string[]>
    >;
    const groups = [O].flat();
    return { username: String(CN), groups: [...groups, "system:authenticated"] };
  }
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  return token === undefined ? undefined : await reviews.userOf(token);
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export interface Question {
  readonly verb: string;
  /** Any of them is enough. */
  readonly subresources: readonly string[];
}

export function questionOf(method: string, path: string): Question {
  const isBelow = (...roots: string[]) => roots.some((root) => path === root || path.startsWith(`${root}/`));
  const verb = isBelow("/exec", "/attach", "/portForward", "/run") ? "create" : (verbs[method] ?? "");
  if (isBelow("/stats")) return { verb, subresources: ["stats"] };
  if (isBelow("/metrics")) return { verb, subresources: ["metrics"] };
  if (isBelow("/logs")) return { verb, subresources: ["log"] };
  if (isBelow("/pods", "/runningpods")) return { verb, subresources: ["pods", "proxy"] };
  if (isBelow("/healthz")) return { verb, subresources: ["healthz", "proxy"] };
  return { verb, subresources: ["proxy"] };
}
