/**
 * `--nodes N`: further nodes on this machine, each in a network namespace of its own with an agent, a containerd and a DNS process of its
 * own. A cluster of several nodes to try and to test with, on one computer.
 *
 *     this machine ── knarr-nodes (bridge, 10.44.0.1/24) ─┬─ eth0 10.44.0.2 of node 2: agent-2, dns-2, containerd, pods
 *                     node 1: server, agent, dns          └─ eth0 10.44.0.3 of node 3: …
 *
 * Node 1 is the machine itself. A further node's way out leads over it, under this machine's address.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { contains, nthAddress, nthNetwork, serverAddress } from "./addresses.ts";
import type { Config } from "./options.ts";

/** The link between the nodes of one machine. */
export const NODE_LINK = "10.44.0.0/24";

export interface LocalNode {
  /** 2 for the first further one; part of the names of its processes. */
  readonly number: number;
  /** What its own processes are told. */
  readonly config: Config;
  /** Its network namespace, by name. */
  readonly namespace: string;
}

export function localNodes(config: Config): readonly LocalNode[] {
  return Array.from({ length: config.nodes - 1 }, (_, i) => localNode(config, i + 2));
}

function localNode(config: Config, number: number): LocalNode {
  const below = (folder: string): string => join(folder, `node-${number}`);
  return {
    number,
    namespace: `${namespacePrefix(config)}${number}`,
    config: {
      ...config,
      nodes: 1,
      server: serverAddress(config),
      "data-dir": below(config["data-dir"]),
      "run-dir": below(config["run-dir"]),
      "log-dir": below(config["log-dir"]),
      "pod-log-dir": join(below(config["log-dir"]), "pods"),
      "container-log-dir": join(below(config["log-dir"]), "containers"),
      "node-name": `${config["node-name"]}-${number}`,
      "node-ip": nthAddress(NODE_LINK, number),
      "pod-cidr": nthNetwork(config["cluster-cidr"], number - 1),
      "cgroup-root": join(config["cgroup-root"], `knarr-node-${number}`),
    },
  };
}

/** Namespaces are named for the whole machine: those of another Knarr here (another run folder) have other names. */
export function namespacePrefix(config: Pick<Config, "run-dir">): string {
  return `knarr-${createHash("sha256").update(config["run-dir"]).digest("hex").slice(0, 6)}-`;
}

/** The words that start a program on the node. */
export function onNode({ namespace }: LocalNode): readonly string[] {
  return ["nsenter", `--net=/run/netns/${namespace}`];
}

/** Why this config cannot have further nodes; undefined when it can. */
export function whyNoNodes(config: Config): string | undefined {
  const { nodes } = config;
  if (nodes < 1 || nodes > 200) return `--nodes ${nodes}: wants a number from 1 to 200`;
  if (nodes === 1) return undefined;
  for (const name of ["cluster-cidr", "service-cidr"] as const)
    if (contains(config[name], nthAddress(NODE_LINK, 1)))
      return `--nodes ${nodes} with --${name} ${config[name]}: the link between the nodes is ${NODE_LINK}`;
  return contains(NODE_LINK, config["node-ip"])
    ? `--nodes ${nodes}: this node's own address ${config["node-ip"]} lies in ${NODE_LINK}, the link between the nodes`
    : undefined;
}
