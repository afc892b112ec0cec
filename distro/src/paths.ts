/** Where a part keeps what, derived from the config's few folders. */

import { join } from "node:path";
import type { Config } from "./options.ts";

export function paths(config: Pick<Config, "data-dir" | "run-dir" | "log-dir">) {
  const data = config["data-dir"];
  const run = config["run-dir"];
  return {
    database: join(data, "server", "state.db"),
    keyFile: join(data, "pki", "secrets.key"),
    controlSocket: join(run, "server.sock"),
    agent: join(data, "agent"),
    containerdRoot: join(data, "containerd"),
    containerdState: join(run, "containerd"),
    containerdSocket: join(run, "containerd", "containerd.sock"),
    containerdLog: join(config["log-dir"], "containerd.log"),
    cniConfig: join(data, "cni", "conf"),
    cniState: join(data, "cni", "state"),
  } as const;
}

export const PAUSE_IMAGE = "knarr.internal/pause:1";
