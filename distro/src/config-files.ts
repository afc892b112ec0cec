/**
 * The files that options name, read before anything of a start is put in place: what is wrong with them is said while nothing has changed. Whoever uses
 * one reads it again. What reads each is imported only where there is such a file.
 */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Config } from "./options.ts";

type Check = (text: string, path: string, config: Config) => Promise<unknown>;

const checks = {
  "authentication-config": async (text, path, config) => {
    const { authenticationConfigurationOf } = await import("@knarr/apiserver/authn/jwt/configuration.ts");
    return authenticationConfigurationOf(
      text,
      path,
      `https://kubernetes.default.svc.${config["cluster-domain"]}`,
    );
  },
  "audit-policy-file": async (text, path) =>
    (await import("@knarr/apiserver/audit/policy.ts")).auditPolicyOf(text, path),
  "admission-control-config-file": async (_, path) =>
    (await import("@knarr/apiserver/admission/configuration.ts")).admissionConfigurationOf(path),
  "encryption-provider-config": async (_, path) =>
    (await import("./store/encryption-file.ts")).readEncryptionFile(path),
} as const satisfies Partial<Record<keyof Config, Check>>;

/** Rejects with what is wrong with the first file that cannot be used. */
export async function checkConfigFiles(config: Config): Promise<void> {
  for (const [name, check] of Object.entries<Check>(checks)) {
    const path = config[name as keyof typeof checks];
    if (path) await check(read(name, path), path, config);
  }
  if (!config["merge-kubeconfig"]) return;
  const { readForMerge } = await import("./pki/kubeconfig.ts");
  readForMerge(mergedKubeconfig());
}

export function mergedKubeconfig(): string {
  return join(homedir(), ".kube", "config");
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    throw new Error(`Cannot read --${name} ${path}: ${(err as Error).message}`, { cause: err });
  }
}
