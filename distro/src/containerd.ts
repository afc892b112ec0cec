/** How this node's containerd is set up: one place, for the agent that runs it and for `knarr down` that ends it. */

import { join } from "node:path";
import type { ContainerdOptions } from "@knarr/cri/containerd.ts";
import type { Config } from "./options.ts";
import { PAUSE_IMAGE, paths } from "./paths.ts";

export function containerdOptions(config: Config): ContainerdOptions {
  const { containerdRoot, containerdState, containerdSocket, containerdLog, cniConfig } = paths(config);
  return {
    root: containerdRoot,
    state: containerdState,
    socket: containerdSocket,
    logFile: containerdLog,
    cniConfDir: cniConfig,
    cniBinDir: config["cni-bin-dir"],
    sandboxImage: PAUSE_IMAGE,
    registryConfigDir: join(config["data-dir"], "registries"),
  };
}
