/**
 * What crashes leave behind of pods' networks: addresses given out to sandboxes that are no more, with their veth pairs and namespaces.
 *
 * A leak is found from the address: its file names the sandbox; if the runtime does not know that one, the route to the address leads to the
 * veth, and the veth to its namespace. Only what hangs together so with an address of ours is touched: other programs have namespaces too.
 */

import { execFile } from "node:child_process";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { NETWORK_NAME } from "./cni-config.ts";

const run = promisify(execFile);

export interface SweepOptions {
  readonly dataDir: string;
  /** Ids of all sandboxes that the runtime has. */
  readonly sandboxes: ReadonlySet<string>;
  /** A sandbox that is just being made has an address before the runtime lists it. */
  readonly minAgeMs: number;
  readonly now: number;
  /** Default: ours. */
  readonly network?: string;
}

/** Frees what leaked and returns the addresses. */
export async function sweepLeaks(options: SweepOptions): Promise<readonly string[]> {
  const { sandboxes, minAgeMs, now } = options;
  const directory = join(options.dataDir, options.network ?? NETWORK_NAME);
  const freed: string[] = [];
  for (const address of (await namesIn(directory)).filter(isAddress)) {
    const file = join(directory, address);
    const [content, { mtimeMs }] = await Promise.all([readFile(file, "utf8"), stat(file)]);
    const [sandbox = ""] = content.split(/\r?\n/);
    if (sandboxes.has(sandbox) || now - mtimeMs < minAgeMs) continue;
    await removeInterface(address);
    await rm(file, { force: true });
    freed.push(address);
  }
  return freed;
}

function isAddress(name: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^[0-9a-f]*:[0-9a-f:]+$/.test(name);
}

async function removeInterface(address: string): Promise<void> {
  const [route] = await routesTo(address);
  if (!route?.dev?.startsWith("veth")) return;
  // The name of the other end's namespace is only in the text for people
  const { stdout: link } = await run("ip", ["-details", "link", "show", "dev", route.dev]);
  await run("ip", ["link", "delete", route.dev]);
  const namespace = /link-netns (\S+)/.exec(link)?.[1];
  if (!namespace) return;
  const { stdout } = await run("ip", ["netns", "pids", namespace]);
  if (stdout.trim() === "") await run("ip", ["netns", "delete", namespace]);
}

async function routesTo(address: string): Promise<readonly { readonly dev?: string }[]> {
  const family = address.includes(":") ? "-6" : "-4";
  const { stdout } = await run("ip", [family, "-json", "route", "show", address]);
  return JSON.parse(stdout || "[]");
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return []; // nothing was given out yet
    throw err;
  }
}
