/** Our API server alone on loopback, with folders of its own: no node, so nothing of this machine is touched. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface LocalKnarr extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly serverPid: number;
  /** Everything that it keeps, below one folder. */
  readonly folder: string;
}

export interface LocalOptions {
  readonly port?: number;
  /** Parts that it is without. */
  readonly disable?: string;
  /** Further variables of its environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of Knarr's sources; default: these. */
  readonly checkout?: string;
}

export async function startLocalKnarr({
  port = 17443,
  disable = "agent,dns,proxy,scheduler",
  env: further = {},
  checkout = join(import.meta.dirname, ".."),
}: LocalOptions = {}): Promise<LocalKnarr> {
  const knarr = join(checkout, "bin", "knarr");
  const folder = mkdtempSync(join(tmpdir(), "knarr-bench-"));
  const env = {
    ...process.env,
    KNARR_DATA_DIR: join(folder, "data"),
    KNARR_RUN_DIR: join(folder, "run"),
    KNARR_LOG_DIR: join(folder, "log"),
    KNARR_KUBECONFIG: join(folder, "admin.yaml"),
    KNARR_NODE_IP: "127.0.0.1",
    KNARR_BIND_ADDRESS: "127.0.0.1",
    KNARR_HTTPS_PORT: String(port),
    KNARR_DISABLE: disable,
    ...further,
  };
  await run(knarr, ["warm"], { env }); // whose sources have changed holds a compiler of TypeScript otherwise, some 15 MB
  await run(knarr, ["up", "--detach"], { env });
  const { processes } = JSON.parse(readFileSync(join(folder, "run", "knarr.json"), "utf8"));
  return {
    kubeconfig: env.KNARR_KUBECONFIG,
    serverPid: processes.server.pid,
    folder,
    async [Symbol.asyncDispose]() {
      await run(knarr, ["down", "--purge"], { env });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
