/**
 * The cluster DNS address, held by every node on its loopback: a query goes straight to the DNS process of the node, with
 * no translation and no connection tracking. The proxy makes no rules for it.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export async function holdDnsAddress(address: string): Promise<void> {
  await run("ip", ["address", "replace", `${address}/32`, "dev", "lo"]);
}

export async function forgetDnsAddress(address: string): Promise<void> {
  const { stdout } = await run("ip", ["-oneline", "address", "show", "dev", "lo"]);
  if (stdout.includes(` ${address}/32 `)) await run("ip", ["address", "del", `${address}/32`, "dev", "lo"]);
}
