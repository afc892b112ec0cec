/**
 * Files that an administrator gives at the start, right and wrong: each is taken, or refused in a sentence that names the file and, when its text can be
 * read at all, the field. Whatever it says, the process neither ends nor hangs by it, and what is taken can be used.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ADMISSION,
  admissionConfigurationOf,
  PLUGIN_FORMATS,
} from "@knarr/apiserver/admission/configuration.ts";
import { defaultPolicy } from "@knarr/apiserver/admission/pod-security/configuration.ts";
import { AUDIT_POLICY, auditPolicyOf } from "@knarr/apiserver/audit/policy.ts";
import { AUTHENTICATION, authenticationConfigurationOf } from "@knarr/apiserver/authn/jwt/configuration.ts";
import { jwtAuthenticator } from "@knarr/apiserver/authn/jwt/jwt-authenticator.ts";
import { readConfig } from "@knarr/distro/config.ts";
import { accessFromKubeconfig } from "@knarr/distro/kubeconfig-access.ts";
import { KUBECONFIG } from "@knarr/distro/kubeconfig-format.ts";
import { options } from "@knarr/distro/options.ts";
import { readForMerge } from "@knarr/distro/pki/kubeconfig.ts";
import { ENCRYPTION, readEncryptionFile } from "@knarr/distro/store/encryption-file.ts";
import { storedPrefixOf } from "@knarr/distro/store/encrypted-kinds.ts";
import { fields, TEXT, type ConfigFormat } from "@knarr/machinery/config-file.ts";
import { foreignKeysOf } from "@knarr/store/encryption/configuration.ts";
import { bodyOf, madeUp, mutated } from "./bodies.ts";
import { configSamples } from "./config-samples.ts";
import type { Finding } from "./judge.ts";
import type { Random } from "./random.ts";

/** No file takes longer. */
const MOST_MS = 3000;

export interface ConfigSubject {
  readonly name: keyof typeof configSamples;
  readonly format: Pick<ConfigFormat, "kinds" | "schema">;
  /** Reads it and begins to use it. */
  use(path: string): unknown;
}

const request = {
  user: { name: "ann", groups: ["a"] },
  verb: "get",
  isResource: true,
  namespace: "a",
  path: "/api",
};

export const subjects: readonly ConfigSubject[] = [
  {
    name: "audit policy",
    format: AUDIT_POLICY,
    use: (path) => auditPolicyOf(readFileSync(path, "utf8"), path).decide(request as any),
  },
  {
    name: "authentication",
    format: AUTHENTICATION,
    use: (path) => {
      const text = readFileSync(path, "utf8");
      const { jwt } = authenticationConfigurationOf(text, path, "https://kubernetes.default.svc");
      return jwt.map((config) => jwtAuthenticator({ config, now: () => 0 }));
    },
  },
  { name: "admission", format: ADMISSION, use: useAdmission },
  { name: "PodSecurity", format: PLUGIN_FORMATS["PodSecurity"]!, use: usePlugin("PodSecurity") },
  { name: "ResourceQuota", format: PLUGIN_FORMATS["ResourceQuota"]!, use: usePlugin("ResourceQuota") },
  {
    name: "encryption",
    format: ENCRYPTION,
    use: (path) => foreignKeysOf(readEncryptionFile(path), storedPrefixOf),
  },
  { name: "kubeconfig", format: KUBECONFIG, use: (path) => accessFromKubeconfig(path, "fuzz") },
  { name: "merged kubeconfig", format: KUBECONFIG, use: (path) => readForMerge(path) },
  {
    name: "config",
    format: {
      kinds: [],
      schema: fields(Object.fromEntries(Object.keys(options).map((name) => [name, TEXT]))),
    },
    use: (path) => readConfig(["--config", path, "--node-ip", "192.0.2.1"], {}, {}),
  },
];

function useAdmission(path: string): unknown {
  return defaultPolicy(admissionConfigurationOf(path).podSecurity);
}

/** In a file of its own, which another names. */
function usePlugin(name: string): (path: string) => unknown {
  return (path) => {
    const outer = `${path}.outer`;
    const kind = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AdmissionConfiguration" };
    writeFileSync(outer, JSON.stringify({ ...kind, plugins: [{ name, path }] }));
    return useAdmission(outer);
  };
}

/** What random files come to; `taken` says how many of each could be used. */
export async function configRound(
  random: Random,
  count: number,
): Promise<{ readonly findings: readonly Finding[]; readonly taken: ReadonlyMap<string, number> }> {
  const folder = mkdtempSync(join(tmpdir(), "knarr-fuzz-config-"));
  const findings: Finding[] = [];
  const taken = new Map<string, number>();
  try {
    for (const subject of subjects)
      for (let i = 0; i < count; i++) {
        const path = join(folder, `${i % 10}.yaml`);
        const bytes = configFile(random, subject);
        writeFileSync(path, bytes);
        const started = performance.now();
        const problem = await problemOf(subject, path);
        const wrong = problem === undefined ? undefined : whatIsWrong(problem, path);
        const late = performance.now() - started > MOST_MS ? "it took too long" : undefined;
        if (wrong ?? late)
          findings.push({
            what: `${subject.name}: ${(wrong ?? late)!.slice(0, 1000)}\n${bytes.toString().slice(0, 1000)}`,
          });
        if (!problem) taken.set(subject.name, (taken.get(subject.name) ?? 0) + 1);
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { findings, taken };
}

export function configFile(random: Random, { name, format }: ConfigSubject): Buffer {
  const sample = configSamples[name];
  const [apiVersion, kind] = format.kinds[0]?.split(" ") ?? [];
  const made = random.chance(0.6)
    ? sample
    : { ...sample, apiVersion, kind, ...(madeUp(random, format.schema) as object) };
  return bodyOf(random, mutated(random, made, random.pick([0, 1, 1, 2, 4])), undefined).bytes;
}

async function problemOf({ use }: ConfigSubject, path: string): Promise<Error | undefined> {
  try {
    await use(path);
    return undefined;
  } catch (err) {
    return err as Error;
  }
}

/** A sentence for people: what cannot be done, which file, which field. */
function whatIsWrong(problem: Error, path: string): string | undefined {
  const { name, message, stack } = problem;
  if (name !== "Error" && name !== "UsageError") return stack;
  if (!message.startsWith("Cannot ") || message.length > 10_000) return `no sentence: ${stack}`;
  if (/undefined|\[object |is not a function|Cannot read properties/.test(message))
    return `no sense: ${message}`;
  if (name === "Error" && !message.includes(path)) return `no file: ${message}`;
  const isField = /^Cannot use [^:]+: [\w.[-].*?: \S/;
  if (name === "Error" && message.startsWith("Cannot use") && !isField.test(message))
    return `no field: ${message}`;
  return undefined;
}
