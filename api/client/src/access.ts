/** What it takes to reach a cluster: where it is, whom to trust, and who we are. Read from a kubeconfig or put together in code. */

import { readFile, stat } from "node:fs/promises";
import { realClock, type Clock } from "@knarr/std/clock.ts";

export interface ClusterAccess {
  /** `https://127.0.0.1:6443`; a path after the port is a prefix of all API paths. */
  readonly server: string;
  /** PEM of the authorities that may sign the server's certificate; default: those of the system. */
  readonly ca?: string | Buffer;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  /** A function is asked again for every new connection, so that certificates can be renewed. */
  readonly certificate?: KeyPair | (() => KeyPair | Promise<KeyPair>);
  /** A function is asked for every request. */
  readonly token?: string | (() => string | Promise<string>);
  readonly userAgent?: string;
}

export interface KeyPair {
  /** PEM, with intermediates. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** How old a token may be before its file is looked at again. */
const TOKEN_FRESH_MS = 10_000;

/** The token in `file`, read again when the file changes: mounted service-account tokens are replaced while we run. */
export function tokenFromFile(file: string, clock: Clock = realClock): () => Promise<string> {
  let token = "";
  let changed = -1;
  let checked = -Infinity;
  return async () => {
    if (clock.now() - checked < TOKEN_FRESH_MS) return token;
    const { mtimeMs } = await stat(file);
    if (mtimeMs !== changed) token = (await readFile(file, "utf8")).trim();
    changed = mtimeMs;
    checked = clock.now();
    return token;
  };
}

/** The certificate and key in two files, read for every new connection. */
export function keyPairFromFiles(certFile: string, keyFile: string): () => Promise<KeyPair> {
  return async () => {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    return { cert, key };
  };
}
