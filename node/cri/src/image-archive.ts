/**
 * Container images made from files, as the archives `docker save` writes: one layer, a config, a manifest. Enough for
 * an image that is a static binary and what it needs beside it.
 */

import { createHash } from "node:crypto";
import { pack, type Header } from "tar-stream";

export interface ImageFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content?: Buffer;
  /** A symbolic link's target, instead of content. */
  readonly link?: string;
  /** Default 0644 (directories 0755). A path that ends with `/` is a directory. */
  readonly mode?: number;
}

export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly stopSignal?: string;
}

/** The same input gives the same bytes, so the image's digest does not change from start to start. */
export async function imageArchive(
  names: readonly string[],
  files: readonly ImageFile[],
  config: ImageConfig,
): Promise<Buffer> {
  const layer = await tar(files);
  const layerId = sha256(layer);
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: {
        ...(config.entrypoint && { Entrypoint: config.entrypoint }),
        ...(config.command && { Cmd: config.command }),
        ...(config.user && { User: config.user }),
        ...(config.workingDir && { WorkingDir: config.workingDir }),
        ...(config.stopSignal && { StopSignal: config.stopSignal }),
        Env: config.env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${layerId}`] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "knarr" }],
    }),
  );
  const configFile = `${sha256(configuration)}.json`;
  const manifest = [{ Config: configFile, RepoTags: names, Layers: [`${layerId}/layer.tar`] }];
  return tar([
    { path: configFile, content: configuration },
    { path: `${layerId}/`, mode: 0o755 },
    { path: `${layerId}/layer.tar`, content: layer },
    { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

async function tar(files: readonly ImageFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, content = Buffer.alloc(0), link, mode } of files) {
    const isDirectory = path.endsWith("/");
    const header: Partial<Header> & Pick<Header, "name"> = {
      name: path,
      mode: mode ?? (isDirectory ? 0o755 : 0o644),
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      type: link !== undefined ? "symlink" : isDirectory ? "directory" : "file",
      ...(link !== undefined && { linkname: link }),
    };
    archive.entry(header, link === undefined && !isDirectory ? content : "");
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
