/** One request over an HTTP/2 connection to a server behind. */

import { constants, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { isClosed } from "../webhooks/failure.ts";
import { definedHeaders } from "./headers.ts";
import type { UpstreamAnswer, UpstreamRequest } from "./upstream.ts";

/** `ended` is called once, when the stream is no more. */
export function sendOver(
  session: ClientHttp2Session,
  { method, path, headers, body, signal }: UpstreamRequest,
  ended: () => void,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    const { host, ...rest } = headers;
    const pseudo = { ":method": method, ":path": path, ...(host && { ":authority": String(host) }) };
    let stream;
    try {
      stream = session.request({ ...pseudo, ...definedHeaders(rest) }, { endStream: !body, signal });
    } catch (err) {
      ended();
      reject(err);
      return;
    }
    let failure: Error | undefined;
    stream.once("response", (head: IncomingHttpHeaders) => {
      const { ":status": code, ...given } = head as IncomingHttpHeaders & { readonly ":status"?: number };
      resolve({ code: Number(code), headers: given, body: stream });
    });
    stream.on("error", (err: Error) => (failure = err));
    stream.once("close", () => {
      ended();
      reject(failure ?? new Error("EOF")); // nothing, once it is answered
    });
    if (body) {
      body.once("error", () => stream.close(constants.NGHTTP2_CANCEL));
      body.pipe(stream);
    }
  });
}

/** The connection had ended before the request was read. */
export function isGone(err: Error): boolean {
  const { code = "", message } = err as { readonly code?: string; readonly message: string };
  return (
    /^ERR_HTTP2_(GOAWAY_SESSION|INVALID_SESSION|SESSION_ERROR|STREAM_CANCEL)$/.test(code) ||
    message.includes("NGHTTP2_REFUSED_STREAM") ||
    message === "EOF" ||
    isClosed(err)
  );
}
