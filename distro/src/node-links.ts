/** The link between the nodes of one machine: a bridge, a network namespace and a pair of interfaces for each further node. */

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { nthAddress } from "./addresses.ts";
import { NODE_LINK, namespacePrefix, type LocalNode } from "./local-nodes.ts";
import type { Config } from "./options.ts";

const run = promisify(execFile);

const BRIDGE = "knarr-nodes";
const NAMESPACES = "/run/netns";
const TABLE = "ip knarr-nodes";
const gateway = nthAddress(NODE_LINK, 1);

/** Puts in place what is missing; what is there already stays, with the pods that use it. */
export async function linkNodes(nodes: readonly LocalNode[]): Promise<void> {
  if (nodes.length === 0) return;
  if (!(await hasBridge())) await ip("link", "add", BRIDGE, "type", "bridge");
  await ip("address", "replace", `${gateway}/24`, "dev", BRIDGE);
  await ip("link", "set", BRIDGE, "up");
  await nft(`add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  chain out {
    type nat hook postrouting priority 100;
    ip saddr ${NODE_LINK} oifname != "${BRIDGE}" fib daddr type != local masquerade
  }
}
`);
  for (const node of nodes) await linkNode(node);
}

async function linkNode({ namespace, number, config }: LocalNode): Promise<void> {
  if (existsSync(`${NAMESPACES}/${namespace}`)) return;
  const port = `knarr-node-${number}`;
  await ip("netns", "add", namespace);
  await ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
  await ip("link", "set", port, "master", BRIDGE, "up");
  const inside = (...words: string[]): Promise<unknown> => ip("-n", namespace, ...words);
  await inside("link", "set", "lo", "up");
  await inside("address", "add", `${config["node-ip"]}/24`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await inside("route", "add", "default", "via", gateway);
}

/** Takes the link away, with every namespace of it, whatever the config says now. */
export async function unlinkNodes(config: Config): Promise<void> {
  const prefix = namespacePrefix(config);
  const names = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
  const own = names.filter((name) => name.startsWith(prefix));
  for (const name of own) await ip("netns", "delete", name);
  if (!(await hasBridge())) return;
  await nft(`add table ${TABLE}\ndelete table ${TABLE}\n`);
  await ip("link", "delete", BRIDGE);
}

/** Asked of the kernel: /sys/class/net shows the namespace that it was mounted in. */
async function hasBridge(): Promise<boolean> {
  const { stdout } = await run("ip", ["-json", "link", "show", "type", "bridge"]);
  return (JSON.parse(stdout || "[]") as { readonly ifname: string }[]).some(
    ({ ifname }) => ifname === BRIDGE,
  );
}

function ip(...words: string[]): Promise<unknown> {
  return run("ip", words);
}

async function nft(rules: string): Promise<void> {
  const done = run("nft", ["-f", "-"]);
  done.child.stdin!.end(rules);
  await done;
}
