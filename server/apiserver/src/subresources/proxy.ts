/**
 * pods/proxy, services/proxy and nodes/proxy: a request goes on to something in the cluster, and its answer comes back as it is, except that
 * what it says of its own paths is moved to where the client sees them.
 */

import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { ApiError } from "@knarr/machinery/status.ts";
import { request as httpRequest } from "@knarr/std/http.ts";
import type { Handler } from "../handlers/handler.ts";
import type { Answer, StreamTarget } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";
import { admittedConnection, type ProxyOptions } from "./connect-options.ts";
import type { NodeConnections } from "./node-connections.ts";
import { relay } from "./pod-log.ts";
import type { ProxyTarget } from "./proxy-target.ts";
import { movedHtml, movedLocation } from "./proxy-rewrite.ts";

const NOT_PASSED_ON = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "authorization",
  "cookie",
  "content-length",
  "accept-encoding",
  "http2-settings",
]);

const NOT_PASSED_BACK = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "proxy-authenticate",
]);

export type Locate = (parts: Parts, request: ApiRequest) => ProxyTarget;

export function proxy(locate: Locate, nodes: NodeConnections): Handler {
  return async (parts, request, served): Promise<Answer> => {
    const { path: subpath = "" } = await admittedConnection<ProxyOptions>(parts, request, served);
    const target = locate(parts, request);
    const { route, query, method } = request;
    const search = query.size > 0 ? `?${query}` : "";
    if (subpath === "" && (method === "GET" || method === "HEAD"))
      return {
        code: 301,
        bytes: Buffer.alloc(0),
        headers: { location: `${encodeURI(route.path)}/${search}` },
      };
    const path = `${encodeURI(subpath) || "/"}${search}`;
    const body = await request.body.read();
    return {
      async stream(out) {
        const leave = new AbortController();
        void out.closed.then(() => leave.abort());
        const headers = headersFor(request, target, body.length);
        const options = { method, path, headers, signal: leave.signal };
        const answer = target.isAgent
          ? await nodes.request(target, path, { method, headers, body, signal: leave.signal })
          : await send(target, options, body);
        await passBack(answer, out, request);
      },
    };
  };
}

function headersFor(
  { headers, route }: ApiRequest,
  { host, port }: ProxyTarget,
  length: number,
): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || name.startsWith("impersonate-") || NOT_PASSED_ON.has(name)) continue;
    passed[name] = value;
  }
  passed["host"] = `${host}:${port}`;
  passed["x-forwarded-uri"] = encodeURI(route.path);
  if (length > 0) passed["content-length"] = length;
  return passed;
}

function send(target: ProxyTarget, options: RequestOptions, body: Buffer): Promise<IncomingMessage> {
  const { host, port, secure } = target;
  return new Promise((resolve, reject) => {
    const outgoing = secure
      ? httpsRequest({ ...options, host, port, rejectUnauthorized: false })
      : httpRequest({ ...options, host, port });
    outgoing.once("response", resolve);
    outgoing.once("error", (err) =>
      reject(
        new ApiError(
          "ServiceUnavailable",
          `error trying to reach service: dial tcp ${host}:${port}: ${err.message}`,
        ),
      ),
    );
    outgoing.end(body);
  });
}

async function passBack(answer: IncomingMessage, out: StreamTarget, { route }: ApiRequest): Promise<void> {
  const prefix = route.path.slice(0, route.path.length - route.rest.length);
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(answer.headers))
    if (!NOT_PASSED_BACK.has(name)) headers[name] = value;
  if (answer.headers.location) headers["location"] = movedLocation(answer.headers.location, prefix);
  const type = answer.headers["content-type"] ?? "application/octet-stream";
  const isHtml = type.startsWith("text/html") && !answer.headers["content-encoding"];
  if (!isHtml) {
    out.start(answer.statusCode ?? 200, type, headers);
    await relay(answer, out);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const html = Buffer.from(movedHtml(Buffer.concat(chunks).toString(), prefix));
  out.start(answer.statusCode ?? 200, type, { ...headers, "content-length": html.length });
  out.write(html);
  out.end();
}
