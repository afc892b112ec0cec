/** The least client that can load an API server: HTTP/2 with a certificate, bytes in, bytes out, nothing parsed that need not be. */

import { readFileSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { load } from "js-yaml";

export interface MediaTypes {
  readonly contentType?: string;
  readonly accept?: string;
}

export class ApiClient implements Disposable {
  readonly #session: ClientHttp2Session;

  readonly #token: string | undefined;

  /** As the kubeconfig's user, or as the owner of `token`. */
  constructor(kubeconfig: string, token?: string) {
    this.#token = token;
    const { clusters, users } = load(readFileSync(kubeconfig, "utf8")) as any;
    const decode = (text: string): Buffer => Buffer.from(text, "base64");
    const { server, "certificate-authority-data": ca } = clusters[0].cluster;
    const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
    const own = token ? {} : { cert: decode(cert), key: decode(key) };
    this.#session = connect(server, { ca: decode(ca), ...own });
    this.#session.setMaxListeners(0);
  }

  request(
    method: string,
    path: string,
    body?: string,
    { contentType = "application/json", accept = "application/json" }: MediaTypes = {},
  ): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const headers = {
        ":method": method,
        ":path": path,
        accept,
        ...(this.#token && { authorization: `Bearer ${this.#token}` }),
      };
      const stream = this.#session.request(
        body === undefined ? headers : { ...headers, "content-type": contentType },
      );
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on("response", (answer) => (status = Number(answer[":status"])));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.on("error", reject);
      stream.end(body);
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
    stream.on("data", (chunk: Buffer) => {
      let count = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++;
      onEvents(count);
    });
    return {
      open: new Promise((resolve) => stream.once("response", () => resolve())),
      close: () => stream.close(),
    };
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}
