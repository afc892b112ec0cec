/**
 * Routes to the pods of other nodes: `10.42.1.0/24 via 10.44.0.2`, for each node that is on the same link.
 *
 * The routes carry a protocol number of ours, so that those of nodes that are gone are found and removed, also after a restart. A node
 * behind a router gets none: packets to its pods take the default route, and whoever stands there must know the way.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Informers } from "@knarr/client/informers.ts";
import { nodes } from "@knarr/client/named-resources.ts";
import type { Transport } from "@knarr/client/transport.ts";
import type { Node } from "@knarr/kinds/generated/core-v1.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { silent, type Logger } from "@knarr/std/log.ts";

const run = promisify(execFile);

/** Marks routes as ours in the kernel's table (`ip route show proto 196`); a number that nobody else uses. */
const PROTOCOL = "196";

export interface NodeRoutesOptions {
  /** May list and watch Nodes. */
  readonly transport: Transport;
  readonly nodeName: string;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** Resolves when the routes to all known nodes are there. Disposing of it leaves them: pods go on talking. */
export async function startNodeRoutes(options: NodeRoutesOptions): Promise<AsyncDisposable> {
  const { transport, nodeName, clock = realClock, log = silent } = options;
  const informers = new Informers({ transport, clock, log });
  const known = informers.informer(nodes);
  await informers.waitForSync(new AbortController().signal);
  const others = (): readonly Node[] => known.list().filter(({ metadata }) => metadata.name !== nodeName);
  const set = (): Promise<void> =>
    setRoutes(others()).catch((err) => log.error("Routes to other nodes could not be set", { err }));
  let last = wantedRoutes(others());
  let setting = set();
  known.subscribe(() => {
    const wanted = wantedRoutes(others());
    if (isSame(wanted, last)) return; // a heartbeat
    last = wanted;
    setting = setting.then(set);
  });
  await setting;
  return {
    async [Symbol.asyncDispose]() {
      await informers[Symbol.asyncDispose]();
      await setting;
    },
  };
}

/** Pod network → address of the node that has it. Pure. */
function wantedRoutes(others: readonly Node[]): ReadonlyMap<string, string> {
  const routes = new Map<string, string>();
  for (const { spec, status } of others) {
    const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (!address) continue;
    for (const network of spec?.podCIDRs ?? [])
      if (isIPv4(network) && isIPv4(address)) routes.set(network, address);
  }
  return routes;
}

async function setRoutes(others: readonly Node[]): Promise<void> {
  const wanted = new Map<string, string>();
  for (const [network, address] of wantedRoutes(others))
    if (await isOnLink(address)) wanted.set(network, address);
  const present = await routes("proto", PROTOCOL);
  for (const { dst } of present)
    if (!wanted.has(dst)) await run("ip", ["route", "delete", dst, "proto", PROTOCOL]);
  for (const [network, address] of wanted)
    if (!present.some(({ dst, gateway }) => dst === network && gateway === address))
      await run("ip", ["route", "replace", network, "via", address, "proto", PROTOCOL]);
}

async function isOnLink(address: string): Promise<boolean> {
  const { stdout } = await run("ip", ["-json", "route", "get", address]);
  const [way] = JSON.parse(stdout) as { readonly gateway?: string }[];
  return way !== undefined && way.gateway === undefined;
}

async function routes(
  ...words: string[]
): Promise<readonly { readonly dst: string; readonly gateway?: string }[]> {
  const { stdout } = await run("ip", ["-json", "route", "show", ...words]);
  return JSON.parse(stdout || "[]");
}

/** Takes all of them away: for a node that stops being one. */
export async function removeNodeRoutes(): Promise<void> {
  for (const { dst } of await routes("proto", PROTOCOL))
    await run("ip", ["route", "delete", dst, "proto", PROTOCOL]);
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([network, address]) => b.get(network) === address);
}

function isIPv4(text: string): boolean {
  return !text.includes(":");
}
