/** Reaching the local cluster with a certificate of its pki folder, as one of Knarr's own parts or as the administrator. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "@knarr/client/api.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { HttpTransport } from "@knarr/client/http-transport.ts";
import type { Config } from "./options.ts";
import { pkiFolder } from "./pki/pki.ts";

/** Whose certificate: the file's name in the pki folder. */
export type Identity = "admin" | "agent" | "proxy" | "dns";

export function connect(config: Config, identity: Identity): HttpTransport {
  const file = (name: string): string => readFileSync(join(pkiFolder(config), name), "utf8");
  return new HttpTransport({
    server: serverOf(config),
    ca: file("ca.crt"),
    // Read for every connection: certificates are renewed by a start of Knarr, and processes may outlive it.
    certificate: () => ({ cert: file(`${identity}.crt`), key: file(`${identity}.key`) }),
    userAgent: `knarr-${identity}`,
  });
}

function serverOf(config: Config): string {
  if (config.server) return config.server;
  const host = config["bind-address"] === "0.0.0.0" ? "127.0.0.1" : config["bind-address"];
  return `https://${host}:${config["https-port"]}`;
}

export interface AdminAccess extends AsyncDisposable {
  readonly api: Api;
}

export function connectAsAdmin(config: Config, signal: AbortSignal): AdminAccess {
  const transport = connect(config, "admin");
  return {
    api: createApi(transport, { signal }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
