/** A server for tests on a socket of its own, with TLS, and a client that shows an administrator's certificate unless told otherwise. */

import type { IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { networkInterfaces } from "node:os";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { realClock } from "@knarr/std/clock.ts";
import type { ApiServerOptions } from "../options.ts";
import { TestAuthority, type PemPair } from "./certificates.ts";
import { startTestServer, type TestServer } from "./server.ts";

export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sent {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly as?: PemPair | "nobody";
}

export interface SecureServer extends TestServer {
  readonly port: number;
  get(path: string, headers?: Record<string, string>, options?: Sent): Promise<Answer>;
  /** A connection over which HTTP/1.1 is spoken by hand. */
  connect(): Promise<TLSSocket>;
}

const authority = await TestAuthority.create();

/** One authority and its certificates for all servers of a test file: keys take time. */
export const testCertificates = {
  authority,
  serving: await authority.server(),
  admin: await authority.client("admin", ["system:masters"]),
};

export async function startSecureServer(options: Partial<ApiServerOptions> = {}): Promise<SecureServer> {
  const { serving, admin } = testCertificates;
  const listen = {
    host: "127.0.0.1",
    port: 0,
    ...serving,
    clientCa: authority.certificate,
    ...options.listen,
  };
  const rig = await startTestServer({ clock: realClock, ...options, listen });
  const { port } = rig.server.address!;
  const identity = (as: PemPair | "nobody") => (as === "nobody" ? {} : { cert: as.certificate, key: as.key });
  const get: SecureServer["get"] = (path, headers = {}, { method = "GET", body, as = admin } = {}) =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ ca: authority.certificate, ...identity(as) });
      const length = body ? { "content-length": Buffer.byteLength(body) } : {}; // Node counts for some methods only
      const options = { host: "127.0.0.1", port, path, method, headers: { ...length, ...headers }, agent };
      const request = httpsRequest(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          agent.destroy();
          resolve({ code: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  return {
    ...rig,
    port,
    get,
    async connect() {
      const socket = connect({ host: "127.0.0.1", port, ca: authority.certificate, ...identity(admin) });
      await once(socket, "secureConnect");
      return socket;
    },
  };
}

/** An address of this machine that is not its loopback, which no endpoint may have; undefined where there is none. */
export function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === "IPv4" && !address.internal)?.address;
}
