/** Upstream's kube-apiserver with etcd, with folders and ports of its own: somebody may compare answers with another on the ports that are usual. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Upstream extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly pids: readonly number[];
}

/** Undefined: its binaries are not at hand. */
export async function startUpstream(): Promise<Upstream | undefined> {
  const folder = process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance";
  const script = join(import.meta.dirname, "..", "..", "shared", "conformance", "upstream.sh");
  if (!existsSync(join(folder, "bin", "kube-apiserver")) || !existsSync(script)) return undefined;
  const own = mkdtempSync(join(tmpdir(), "knarr-bench-upstream-"));
  const ports = { UPSTREAM_PORT: "17444", UPSTREAM_ETCD_PORT: "17379" };
  const env = { ...process.env, CONFORMANCE_DIR: folder, UPSTREAM_DIR: own, ...ports };
  execFileSync("bash", [script, "up", "api"], { stdio: "ignore", env });
  const pidOf = (name: string): number => Number(readFileSync(join(own, `${name}.pid`), "utf8"));
  return {
    kubeconfig: join(own, "admin.kubeconfig"),
    pids: [pidOf("kube-apiserver"), pidOf("etcd")],
    async [Symbol.asyncDispose]() {
      execFileSync("bash", [script, "down", "--purge"], { stdio: "ignore", env });
    },
  };
}
