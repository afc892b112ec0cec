/** A webhook server for tests: real TLS on a port of its own, which answers with what it is told to. */

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TestAuthority } from "./certificates.ts";

export interface Received {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
}

/** An object is answered as JSON; a function may answer as it likes. */
export type Respond = (received: Received, response: ServerResponse) => object | undefined | Promise<object>;

export interface TestWebhook extends AsyncDisposable {
  readonly port: number;
  /** What signed its certificate, as a `caBundle`. */
  readonly caBundle: string;
  readonly received: Received[];
  /** How many connections were opened to it. */
  readonly connections: number;
  respond: Respond;
  /** Closes the connections that are open now. */
  drop(): void;
}

/** Its certificate is for `names`, or for 127.0.0.1 without any. */
export async function startWebhook(
  respond: Respond,
  { names = [] }: { readonly names?: readonly string[] } = {},
): Promise<TestWebhook> {
  const authority = await TestAuthority.create("webhook-ca");
  const { certificate, key } = await authority.server(...names);
  const received: Received[] = [];
  let connections = 0;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void answer(request, response);
  });
  server.on("secureConnection", () => connections++);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url = "", headers } = request;
    const one = { url, headers, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
    received.push(one);
    const value = await webhook.respond(one, response);
    if (value) response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const webhook: TestWebhook = {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(authority.certificate).toString("base64"),
    received,
    respond,
    get connections() {
      return connections;
    },
    drop: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return webhook;
}
