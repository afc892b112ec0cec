/**
 * Images that come as archives (`docker save`, OCI layout) instead of from a registry.
 *
 * containerd's own `ctr` reads them: it knows every archive format containerd knows, unpacks at once so that the first
 * pod does not have to, and a broken archive is its problem and not ours.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { imageArchive } from "./image-archive.ts";
import type { RuntimeClient } from "./runtime-client.ts";

export interface ImageStoreOptions {
  readonly socket: string;
  readonly snapshotter: string;
  /** Default /usr/bin/ctr. */
  readonly binary?: string;
}

/** Imports every image of an archive (a path, or its bytes) and returns their names. */
export async function importImages(
  archive: string | Buffer,
  { socket, snapshotter, binary = "/usr/bin/ctr" }: ImageStoreOptions,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const from = typeof archive === "string" ? archive : "-";
  const args = [
    "--address",
    socket,
    "--namespace",
    "k8s.io",
    "images",
    "import",
    "--snapshotter",
    snapshotter,
    from,
  ];
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "pipe"], ...(signal && { signal }) });
  child.stdin.on("error", () => {}); // it ended before it read all: its exit code says why
  child.stdin.end(typeof archive === "string" ? undefined : archive);
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
  if (child.exitCode !== 0) {
    const name = typeof archive === "string" ? JSON.stringify(archive) : "the archive";
    throw new Error(`Cannot import images from ${name}: ${complaint.trim().replace(/^ctr: /, "")}`);
  }
  return [...output.matchAll(/^unpacking (\S+)/gm)].map((match) => match[1]!);
}

/** The CRI side learns of an import a moment later, by an event: resolves when it knows `image`. */
export async function untilKnown(image: string, runtime: RuntimeClient, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let wait = 2; !(await runtime.imageStatus(image)); wait = Math.min(wait * 2, 100)) {
    if (Date.now() > deadline)
      throw new Error(`Cannot find image ${JSON.stringify(image)} after importing it`);
    await delay(wait);
  }
}

/**
 * The image that every sandbox runs: catatonit, which Debian ships as a static binary, waiting for its end and reaping
 * what is orphaned in a shared process namespace. Made here, because there may be no registry to pull from.
 */
async function pauseImage(name: string, binary = "/usr/bin/catatonit"): Promise<Buffer> {
  return imageArchive([name], [{ path: "pause", content: readFileSync(binary), mode: 0o755 }], {
    entrypoint: ["/pause", "-P"],
    user: "65535:65535",
  });
}

/** Makes and imports the pause image unless it is there. */
export async function ensurePauseImage(
  name: string,
  runtime: RuntimeClient,
  options: ImageStoreOptions,
): Promise<void> {
  if (await runtime.imageStatus(name)) return;
  await importImages(await pauseImage(name), options);
  await untilKnown(name, runtime);
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function ended(child: import("node:child_process").ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
}
