/** The least client that can load an API server: HTTP/2 with a certificate, bytes in, bytes out, nothing parsed that need not be. */

import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { request as requestOverHttp1 } from "node:https";
import { endWith } from "@knarr/std/end-with.ts";
import { keepStreamsApart } from "@knarr/std/open-streams.ts";
import { keepWritablesYoung } from "@knarr/std/young-writables.ts";
import { load } from "js-yaml";

keepWritablesYoung(); // what is measured is a server, not the collections of its client

export interface MediaTypes {
  readonly contentType?: string;
  readonly accept?: string;
  /** Of the answer. */
  readonly encoding?: string;
}

/** As client-go has them: a server may send so much before the client has said that it has read any. */
const STREAM_WINDOW = 4 << 20;
const SESSION_WINDOW = 1 << 30;

export class ApiClient implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #server: string;
  readonly #credentials: object;
  readonly #token: string | undefined;

  /** As the kubeconfig's user, or as the owner of `token`. */
  constructor(kubeconfig: string, token?: string) {
    this.#token = token;
    const { clusters, users } = load(readFileSync(kubeconfig, "utf8")) as any;
    const decode = (text: string): Buffer => Buffer.from(text, "base64");
    const { server, "certificate-authority-data": ca } = clusters[0].cluster;
    const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
    const own = token ? {} : { cert: decode(cert), key: decode(key) };
    this.#server = server;
    this.#credentials = { ca: decode(ca), ...own };
    this.#session = connect(server, { ...this.#credentials, settings: { initialWindowSize: STREAM_WINDOW } });
    keepStreamsApart(this.#session);
    this.#session.once("connect", () => this.#session.setLocalWindowSize(SESSION_WINDOW));
    this.#session.setMaxListeners(0);
  }

  request(
    method: string,
    path: string,
    body?: string,
    { contentType = "application/json", accept = "application/json", encoding }: MediaTypes = {},
  ): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const headers = {
        ":method": method,
        ":path": path,
        accept,
        ...(encoding && { "accept-encoding": encoding }),
        ...(this.#token && { authorization: `Bearer ${this.#token}` }),
      };
      const bytes = body === undefined ? undefined : Buffer.from(body);
      // Their length is told, as client-go does.
      const ofBody = bytes && { "content-type": contentType, "content-length": bytes.length };
      const stream = this.#session.request({ ...headers, ...ofBody }, { endStream: !bytes });
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on("response", (answer) => (status = Number(answer[":status"])));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.on("error", reject);
      if (bytes) endWith(stream, bytes);
    });
  }

  /** As `request`, for what must succeed. */
  async must(method: string, path: string, body?: unknown, contentType?: string): Promise<Buffer> {
    const answer = await this.request(
      method,
      path,
      body === undefined ? undefined : JSON.stringify(body),
      contentType ? { contentType } : {},
    );
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
    return answer.body;
  }

  /** Follows a watch; calls `onEvent` with how many whole lines came. */
  watch(
    path: string,
    onEvents: (count: number) => void,
  ): { readonly open: Promise<void>; readonly close: () => void } {
    const stream = this.#session.request({ ":path": path, accept: "application/json" });
    stream.on("data", (chunk: Buffer) => onEvents(linesIn(chunk)));
    return {
      open: new Promise((resolve) => stream.once("response", () => resolve())),
      close: () => stream.close(),
    };
  }

  /** The same over a connection of its own. */
  watchOverHttp1(
    path: string,
    onEvents: (count: number) => void,
  ): { readonly open: Promise<void>; readonly close: () => void } {
    const request = requestOverHttp1(new URL(path, this.#server), { ...this.#credentials, agent: false });
    request.end();
    const open = new Promise<void>((resolve, reject) => {
      request.once("error", reject);
      request.once("response", (response) => {
        response.on("data", (chunk: Buffer) => onEvents(linesIn(chunk)));
        response.on("error", () => {}); // closed from here
        resolve();
      });
    });
    return { open, close: () => void request.destroy() };
  }

  /** Asks so often, and reads nothing. */
  stall(path: string, times: number): Disposable {
    const streams = Array.from({ length: times }, () => this.#session.request({ ":path": path }));
    for (const stream of streams) stream.on("error", () => {}); // the server may cut it
    return { [Symbol.dispose]: () => streams.forEach((stream) => stream.destroy()) };
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}

function linesIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++;
  return count;
}
