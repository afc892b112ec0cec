/** The name servers the node itself uses, as far as they are of use to us: not the stub on the loopback, and not ourselves. */

import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { basename, dirname } from "node:path";

/** In this order: the first that names a usable server. systemd-resolved keeps the real ones in a file of its own. */
const resolvConfFiles = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

export async function nodeUpstreams(
  own: readonly string[],
  files = resolvConfFiles,
): Promise<readonly string[]> {
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => ""); // absent on most machines
    const usable = usableServers(text, own);
    if (usable.length) return usable;
  }
  return [];
}

/** Entries that cannot be used are left out one by one: one odd entry must not hide the good ones. */
export function usableServers(resolvConf: string, own: readonly string[]): string[] {
  const servers = resolvConf
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((server) => server !== undefined);
  return [...new Set(servers)].filter((server) => {
    const address = server.split("%")[0]!;
    if (isIP(address) === 0 || own.includes(address)) return false;
    return !/^(127\.|0\.0\.0\.0$|::1$|::$)/.test(address);
  });
}

/** Calls when one of the files may have changed, until disposed of. */
export function watchUpstreams(onChange: () => void, files = resolvConfFiles): Disposable {
  const watchers = files.flatMap((file) => {
    try {
      const watcher = watch(dirname(file), (_, name) => {
        if (name === basename(file)) onChange();
      });
      watcher.on("error", () => watcher.close()); // the directory went away: what was read stays
      return [watcher];
    } catch {
      return []; // there is no such directory on this machine
    }
  });
  return { [Symbol.dispose]: () => watchers.forEach((watcher) => watcher.close()) };
}
