/** `knarr images import|list`: container images of this machine's nodes; `list` shows those of its first. */

import { existsSync, statSync } from "node:fs";
import { importImages } from "@knarr/cri/image-store.ts";
import { lookAtHost } from "@knarr/cri/host.ts";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { defineCommand } from "../command.ts";
import { readConfig, type Config } from "../config.ts";
import { localNodes } from "../local-nodes.ts";
import { archivesIn } from "../image-folder.ts";
import { UsageError } from "../option.ts";
import { paths } from "../paths.ts";
import { findRunning } from "../run-file.ts";
import type { Terminal } from "../terminal.ts";

export const images = defineCommand({
  name: "images",
  summary: "Load image archives into this node, or list its images",
  usage: "knarr images import FILE... | knarr images list",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    const [verb, ...files] = words;
    const running = findRunning(config);
    if (!running)
      throw new Error("Cannot reach this node's images: Knarr does not run here; `knarr up` starts it");
    if (verb === "list" && files.length === 0) return list(running.config, terminal);
    if (verb === "import" && files.length > 0) return importAll(running.config, files, terminal);
    throw new UsageError("Cannot understand `knarr images`: wants `import FILE...` or `list`");
  },
});

async function importAll(config: Config, files: readonly string[], terminal: Terminal): Promise<number> {
  const archives = files.flatMap(archivesAt);
  const nodes = [config, ...localNodes(config).map((node) => node.config)].map((node) => {
    const { containerdSocket: socket, containerdRoot } = paths(node);
    return { socket, snapshotter: lookAtHost(containerdRoot).snapshotter };
  });
  for (const archive of archives) {
    const [names = []] = await terminal.step(
      `Importing ${archive}`,
      () => Promise.all(nodes.map((store) => importImages(archive, store))),
      () => `Imported ${archive}`,
    );
    for (const name of names) terminal.line(`    ${name}`);
  }
  return 0;
}

/** A folder stands for the archives in it. */
function archivesAt(path: string): string[] {
  if (!existsSync(path)) throw new UsageError(`Cannot import ${path}: there is no such file`);
  if (!statSync(path).isDirectory()) return [path];
  return archivesIn(path);
}

async function list(config: Config, terminal: Terminal): Promise<number> {
  using runtime = new RuntimeClient(paths(config).containerdSocket);
  const found = await runtime.listImages();
  const rows = found.flatMap(({ repoTags, repoDigests, size }) =>
    (repoTags?.length ? repoTags : (repoDigests ?? [])).map(
      (name) => `${name.padEnd(70)} ${(Number(size) / 1e6).toFixed(1)} MB`,
    ),
  );
  for (const row of rows.sort()) terminal.line(row);
  return 0;
}
