/** The agent's configuration with everything filled in that was left out. */

import { existsSync, readFileSync } from "node:fs";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import type { AgentConfig, CompleteConfig } from "./config.ts";
import { parseResolvConf } from "./pods/dns.ts";

export function completeConfig(config: AgentConfig): CompleteConfig {
  return {
    podLogsDir: "/var/log/pods",
    containerLogsDir: "/var/log/containers",
    cgroupRoot: "",
    podCIDRs: [],
    clusterDns: [],
    clusterDomain: "cluster.local",
    resolvConf: usableResolvConf(),
    hostsFile: "/etc/hosts",
    port: 10250,
    serving: undefined,
    imageRoot: config.rootDir,
    maxPods: 110,
    labels: {},
    taints: [],
    reserved: {},
    seccompDefault: "RuntimeDefault",
    clock: realClock,
    log: silent,
    ...config,
  };
}

/** The node's own file, unless it names only a resolver on the node's loopback, which pods cannot reach. */
function usableResolvConf(path = "/etc/resolv.conf", real = "/run/systemd/resolve/resolv.conf"): string {
  if (!existsSync(path) || !existsSync(real)) return path;
  const { servers } = parseResolvConf(readFileSync(path, "utf8"));
  return servers.length > 0 && servers.every((server) => server.startsWith("127.")) ? real : path;
}
