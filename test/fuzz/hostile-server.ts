/**
 * A server behind the one that is fuzzed, for its webhooks, conversions and APIServices, that answers whatever comes with whatever it likes: nothing,
 * half of something, too much, what is right and means harm. Then a 5xx may be the right answer; ending, hanging or keeping something never is.
 */

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { TestAuthority } from "@knarr/apiserver/testing/certificates.ts";
import { bodies } from "./hostile.ts";
import type { Random } from "./random.ts";

export class HostileServer implements AsyncDisposable {
  readonly #server: ReturnType<typeof createServer>;
  readonly caBundle: string;
  asked = 0;

  private constructor(server: ReturnType<typeof createServer>, caBundle: string) {
    this.#server = server;
    this.caBundle = caBundle;
  }

  static async start(random: Random): Promise<HostileServer> {
    const authority = await TestAuthority.create("hostile-ca");
    const { certificate, key } = await authority.server();
    const server = createServer({ cert: certificate, key });
    const hostile = new HostileServer(server, Buffer.from(authority.certificate).toString("base64"));
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      hostile.asked++;
      answer(random, request, response).catch(() => response.destroy()); // the other side has left
    });
    server.listen(0, "localhost");
    await once(server, "listening");
    return hostile;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function answer(random: Random, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = parsed(await buffer(request));
  switch (random.below(20)) {
    case 0:
      return void response.destroy();
    case 1:
      response.writeHead(200, { "content-length": 1000, "content-type": "application/json" });
      response.write('{"apiVersion":');
      return void setImmediate(() => response.destroy());
    case 2:
      return void response
        .writeHead(random.pick([100, 204, 301, 304, 400, 404, 418, 500, 599]), { location: "/" })
        .end();
    case 3:
      return void response
        .writeHead(200, { "content-type": random.pick(["application/json", "text/html"]) })
        .end(random.pick(bodies));
    default:
      return void response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify(reviewOf(random, asked)));
  }
}

function parsed(body: Buffer): any {
  try {
    return JSON.parse(body.toString());
  } catch {
    return {}; // an APIService's request has no body
  }
}

const PATCHES = [
  [],
  [{ op: "add", path: "/metadata/labels", value: { seen: "yes" } }],
  [{ op: "replace", path: "", value: null }],
  [{ op: "remove", path: "/metadata" }],
  [{ op: "add", path: "/__proto__/polluted", value: 1 }],
  [{ op: "copy", from: "", path: "/spec" }],
  [{ op: "replace", path: "/metadata/name", value: "other" }],
  [{ op: "replace", path: "/kind", value: {} }],
  {},
  "x",
];

/** What a webhook may say, nearly. */
function reviewOf(random: Random, { apiVersion, kind, request = {} }: any): object {
  if (random.chance(0.4))
    return {
      apiVersion,
      kind,
      response: { uid: request.uid, allowed: true, ...convertedBy(random, request) },
    };
  const patch = Buffer.from(
    JSON.stringify(random.chance(0.5) ? PATCHES[1] : random.pick<unknown>(PATCHES)),
  ).toString("base64");
  const response = {
    uid: random.chance(0.85) ? request.uid : random.pick([undefined, "", 1, "x"]),
    allowed: random.pick([true, true, true, false, "yes", undefined]),
    ...(random.chance(0.6) && {
      patchType: random.chance(0.9) ? "JSONPatch" : random.pick(["x", undefined]),
      patch: random.chance(0.9) ? patch : "%",
    }),
    ...(random.chance(0.3) && {
      warnings: random.pick<unknown>([["careful"], ["x".repeat(9000)], "x", [null], ["\u0000\n"]]),
    }),
    ...(random.chance(0.2) && {
      status: random.pick<unknown>([
        { code: 200, message: "no" },
        { code: 9999 },
        { code: "x" },
        "x",
        { reason: {}, details: [] },
      ]),
    }),
    ...(random.chance(0.2) && { auditAnnotations: random.pick<unknown>([{ a: "b" }, { "": 1 }, []]) }),
    ...convertedBy(random, request),
  };
  return random.chance(0.9)
    ? { apiVersion, kind, response }
    : { apiVersion: random.pick([apiVersion, "x/v1"]), kind: "x", response: null };
}

/** For reviews of conversions. */
function convertedBy(random: Random, { objects, desiredAPIVersion }: any): object {
  if (!Array.isArray(objects)) return {};
  const convertedObjects = objects.map((object) => ({
    ...object,
    apiVersion: random.chance(0.9) ? desiredAPIVersion : random.pick(["", 1, "a/b/c"]),
    ...(random.chance(0.1) && { metadata: random.pick<unknown>([null, {}, { name: "other" }, "x"]) }),
  }));
  const result = random.chance(0.9)
    ? { status: "Success" }
    : random.pick<unknown>([{ status: "Failure", message: "no" }, null, {}]);
  return {
    result,
    convertedObjects: random.chance(0.9) ? convertedObjects : random.pick<unknown>([[], null, [null], {}]),
  };
}
