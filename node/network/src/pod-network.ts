/** The pods' network of one node: written for the runtime to find, and swept of what crashes left behind. */

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { silent, type Logger } from "@knarr/std/log.ts";
import { cniConfig, type CniOptions } from "./cni-config.ts";
import { sweepLeaks } from "./leaks.ts";

export interface PodNetworkOptions extends CniOptions {
  /** The runtime reads the first file here, so it must be ours alone. */
  readonly confDir: string;
  readonly runtimeSocket: string;
  readonly clock?: Clock;
  readonly log?: Logger;
}

const CONFIG_FILE = "10-knarr.conflist";
const SWEEP_MS = 600_000;
/** Longer than any sandbox takes to be made. */
const MIN_AGE_MS = 300_000;

/** Writes the configuration unless it stands already. The runtime watches the folder and needs no telling. */
export async function writePodNetwork({
  confDir,
  ...options
}: CniOptions & { readonly confDir: string }): Promise<void> {
  await mkdir(confDir, { recursive: true, mode: 0o755 });
  const file = join(confDir, CONFIG_FILE);
  const text = cniConfig(options);
  for (const name of await readdir(confDir))
    if (name !== CONFIG_FILE) await rm(join(confDir, name), { recursive: true });
  if ((await readFile(file, "utf8").catch(() => "")) === text) return;
  await writeFile(`${file}.new`, text, { mode: 0o644 });
  await rename(`${file}.new`, file); // the runtime must never read half of it
}

/** Resolves when pods can get a network. Until disposal, leaks are swept every ten minutes. */
export async function startPodNetwork(options: PodNetworkOptions): Promise<AsyncDisposable> {
  const { clock = realClock, log = silent, dataDir } = options;
  await writePodNetwork(options);
  const stop = new AbortController();
  const sweeping = (async () => {
    using runtime = new RuntimeClient(options.runtimeSocket);
    while (!stop.signal.aborted) {
      try {
        const sandboxes = new Set((await runtime.listPodSandboxes()).map(({ id }) => id));
        const freed = await sweepLeaks({ dataDir, sandboxes, minAgeMs: MIN_AGE_MS, now: clock.now() });
        if (freed.length) log.info("Freed leaked pod addresses", { addresses: freed });
      } catch (err) {
        log.error("Could not sweep leaked pod addresses", { err });
      }
      await clock.sleep(SWEEP_MS, stop.signal).catch(() => {}); // disposed of
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await sweeping;
    },
  };
}
