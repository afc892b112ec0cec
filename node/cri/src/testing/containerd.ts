/**
 * A containerd for tests: real, with directories, socket, network and cgroups of its own, and an image of busybox.
 * `leaveNothing` of the result is what disposing does: pods, mounts, namespaces, processes and files are gone after it.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageArchive, type ImageConfig, type ImageFile } from "../image-archive.ts";
import { ensurePauseImage, importImages, untilKnown } from "../image-store.ts";
import { startContainerd, type Containerd, type ContainerdOptions } from "../containerd.ts";
import { RuntimeClient } from "../runtime-client.ts";

export const BUSYBOX = "test.knarr.dev/busybox:1";
export const PAUSE = "test.knarr.dev/pause:1";

/** Why tests with a real containerd cannot run here; false when they can. */
export const skipContainerd: string | false =
  process.getuid?.() !== 0
    ? "needs root"
    : ([
        "/usr/bin/containerd",
        "/usr/bin/ctr",
        "/usr/sbin/runc",
        "/usr/lib/cni/ptp",
        "/usr/bin/catatonit",
        "/bin/busybox",
      ]
        .filter((path) => !existsSync(path))
        .map((path) => `needs ${path}`)[0] ?? false);

export interface TestContainerd extends AsyncDisposable {
  readonly directory: string;
  readonly options: ContainerdOptions;
  readonly runtime: RuntimeClient;
  readonly socket: string;
  readonly containerd: Containerd;
}

/** `subnet` must be this test file's alone: test files run at the same time. */
export async function testContainerd(subnet: string): Promise<TestContainerd> {
  const directory = mkdtempSync("/tmp/knarr-agent-test-");
  const cniConfDir = join(directory, "cni");
  mkdirSync(cniConfDir);
  writeFileSync(join(cniConfDir, "10-test.conflist"), network(subnet, join(directory, "ips")));
  const options: ContainerdOptions = {
    root: join(directory, "root"),
    state: join(directory, "state"),
    socket: join(directory, "containerd.sock"),
    logFile: join(directory, "containerd.log"),
    cniConfDir,
    cniBinDir: "/usr/lib/cni",
    sandboxImage: PAUSE,
  };
  const containerd = await startContainerd(options);
  const { socket, host } = containerd;
  const runtime = new RuntimeClient(socket);
  await Promise.all([
    ensurePauseImage(PAUSE, runtime, { socket, snapshotter: host.snapshotter }),
    importTestImage(runtime, containerd, BUSYBOX),
  ]);
  return {
    directory,
    options,
    runtime,
    socket,
    containerd,
    async [Symbol.asyncDispose]() {
      const sandboxes = await runtime.listPodSandboxes();
      await Promise.all(
        sandboxes.map(async ({ id }) => {
          await runtime.stopPodSandbox(id);
          await runtime.removePodSandbox(id);
        }),
      );
      runtime[Symbol.dispose]();
      await containerd.stop();
      unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** busybox with every applet, plus `files`, under `name`. */
export async function importTestImage(
  runtime: RuntimeClient,
  { socket, host }: Pick<Containerd, "socket" | "host">,
  name: string,
  config: ImageConfig = {},
  files: readonly ImageFile[] = [],
): Promise<void> {
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
  const archive = await imageArchive(
    [name],
    [
      { path: "bin/" },
      { path: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
      ...applets
        .filter((applet) => applet !== "busybox")
        .map((applet) => ({ path: `bin/${applet}`, link: "busybox" })),
      { path: "tmp/", mode: 0o1777 },
      { path: "etc/" },
      {
        path: "etc/passwd",
        content: Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
      },
      { path: "etc/group", content: Buffer.from("root:x:0:\nnogroup:x:65534:\n") },
      ...files,
    ],
    { command: ["sh"], ...config },
  );
  await importImages(archive, { socket, snapshotter: host.snapshotter });
  await untilKnown(name, runtime);
}

function network(subnet: string, dataDir: string): string {
  const ipam = { type: "host-local", dataDir, ranges: [[{ subnet }]], routes: [{ dst: "0.0.0.0/0" }] };
  const plugins = [{ type: "ptp", ipMasq: false, ipam }];
  return JSON.stringify({ cniVersion: "1.0.0", name: "knarr-test", plugins });
}

/** What a crashed test left mounted; deepest first. */
function unmountBelow(directory: string): void {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of mounts.reverse()) execFileSync("umount", ["-l", path]);
}
