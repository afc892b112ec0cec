/** What the agent is told at its start. Everything else it finds out. */

import { join } from "node:path";
import type { Taint } from "@knarr/kinds/generated/core-v1.ts";
import type { Transport } from "@knarr/client/transport.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { TlsCertificate } from "./server/node-server.ts";

/** Where the pipes of commands that run in containers are. */
export const execFolder = (rootDir: string): string => join(rootDir, "exec");

export interface AgentConfig {
  readonly nodeName: string;
  /** The node's addresses, the one it is known by first. */
  readonly nodeIPs: readonly string[];
  /** `v1.36.3`: what the node says it is. */
  readonly version: string;
  readonly transport: Transport;
  /** containerd's socket, with an image for sandboxes and a network set up. */
  readonly runtimeSocket: string;
  readonly sandboxImage: string;
  /** Where pods' files are: `<rootDir>/pods/<uid>`. */
  readonly rootDir: string;
  readonly podLogsDir?: string;
  readonly containerLogsDir?: string;
  /** The cgroup above `kubepods`, `""` for the top. */
  readonly cgroupRoot?: string;
  /** Addresses of this node's pods, which the Node says to others. */
  readonly podCIDRs?: readonly string[];
  readonly clusterDns?: readonly string[];
  readonly clusterDomain?: string;
  /** The node's resolv.conf, for pods that want its DNS and for its search domains. */
  readonly resolvConf?: string;
  readonly hostsFile?: string;
  /** Where the agent's own HTTPS server listens; 0 for any free port. */
  readonly port?: number;
  /** Without it there is no such server: no logs, exec or port-forward from outside. */
  readonly serving?: ServingConfig | undefined;
  /** On whose file system images lie; default: that of `rootDir`. */
  readonly imageRoot?: string;
  readonly maxPods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Taken off what pods may use: `{ cpu: "100m", memory: "200Mi" }`. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** For pods that ask for no seccomp profile. */
  readonly seccompDefault?: "RuntimeDefault" | "Unconfined";
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface ServingConfig {
  /** Default: all addresses. */
  readonly address?: string;
  readonly certificate: TlsCertificate;
  /** PEM of the CA whose client certificates are believed. */
  readonly clientCa: string;
}

export type CompleteConfig = Required<AgentConfig>;
