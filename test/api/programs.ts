/** Upstream's programs as processes of a test: where they are, and one that runs until it is disposed of. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const folder = join(process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance", "bin");

/** Why a test cannot run here that needs these; false when it can. */
export function missingPrograms(...names: readonly string[]): string | false {
  return names.every((name) => existsSync(join(folder, name)))
    ? false
    : `needs ${names.join(" and ")} in ${folder}`;
}

/** Resolves when the program has said by `sign` that it is there. */
export async function started(
  name: string,
  sign: RegExp,
  words: readonly string[],
): Promise<AsyncDisposable> {
  const child = spawn(join(folder, name), words, { stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  for await (const line of createInterface(child.stderr!)) {
    said.push(line);
    if (sign.test(line)) return running(child);
  }
  throw new Error(`${name} ended before it was there: ${said.slice(-5).join("\n")}`);
}

function running(child: ChildProcess): AsyncDisposable {
  child.stderr!.resume();
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
