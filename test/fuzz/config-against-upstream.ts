/**
 * Starts upstream's kube-apiserver with random configuration files and tells of each that it takes and we refuse, or the other way round:
 *
 *     tools/node test/fuzz/config-against-upstream.ts [COUNT] [SEED]
 *
 * Each start takes some seconds. What we refuse knowingly (a plugin that we do not have) is told, too.
 */

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";
import { freePorts, missingPrograms, started } from "../api/programs.ts";
import { configFile, subjects, type ConfigSubject } from "./config-files.ts";
import { Random } from "./random.ts";

/** Those that upstream's server reads, and the file around it where it is another's part. */
const FLAGS: Partial<Record<ConfigSubject["name"], string>> = {
  "audit policy": "--audit-policy-file",
  authentication: "--authentication-config",
  admission: "--admission-control-config-file",
  PodSecurity: "--admission-control-config-file",
  ResourceQuota: "--admission-control-config-file",
  encryption: "--encryption-provider-config",
};

const missing = missingPrograms("kube-apiserver", "etcd");
if (missing) throw new Error(`Cannot compare: ${missing}`);
const [count = "10", seed = "1"] = process.argv.slice(2);
const random = new Random(Number(seed));
const folder = mkdtempSync(join(tmpdir(), "knarr-config-upstream-"));
const key = join(folder, "tokens.key");
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
writeFileSync(key, pair.privateKey.export({ type: "pkcs1", format: "pem" }) as string);
await using etcd = await TestEtcd.start();
let compared = 0;
for (let i = 0; i < Number(count); i++)
  for (const subject of subjects) {
    const flag = FLAGS[subject.name];
    if (!flag) continue;
    const path = join(folder, "file.yaml");
    const bytes = configFile(random, subject);
    writeFileSync(path, bytes);
    const ours = await refusalBy(() => subject.use(path));
    const given = flag.startsWith("--admission") && subject.name !== "admission" ? `${path}.outer` : path;
    const theirs = await refusalBy(() => startUpstream(`${flag}=${given}`));
    compared++;
    if ((ours === undefined) === (theirs === undefined)) continue;
    console.log(
      `\n${subject.name}:\n${bytes.toString().slice(0, 3000)}\n  we: ${ours ?? "taken"}\n  they: ${theirs ?? "taken"}`,
    );
  }
console.log(`compared ${compared}`);
rmSync(folder, { recursive: true });

/** Why not; undefined when it is taken. */
async function refusalBy(use: () => unknown): Promise<string | undefined> {
  try {
    await use();
    return undefined;
  } catch (err) {
    return (err as Error).message.slice(0, 1500);
  }
}

async function startUpstream(option: string): Promise<void> {
  const [port] = await freePorts(1);
  await using _program = await started("kube-apiserver", /Serving securely/, [
    ...[`--etcd-servers=http://${etcd.endpoint}`, "--bind-address=127.0.0.1", `--secure-port=${port}`],
    ...[`--cert-dir=${folder}`, "--authorization-mode=RBAC", "--endpoint-reconciler-type=none"],
    ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
    ...["--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.43.0.0/16"],
    option,
  ]);
}
