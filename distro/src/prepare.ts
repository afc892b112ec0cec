/**
 * What a start puts in place before any process runs: certificates and kubeconfigs. In a process of its own, which ends when they
 * are there: the certificate and YAML libraries take 30 MB, and the supervisor, which needs them once, stays for as long as the cluster.
 * (A thread would give back only half of that.)
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { serverAddress } from "./addresses.ts";
import { checkConfigFiles, mergedKubeconfig } from "./config-files.ts";
import type { Config } from "./options.ts";

/** Resolves when everything is in place; rejects with what could not be. */
export async function prepare(config: Config): Promise<void> {
  const words = [...process.execArgv, import.meta.filename, JSON.stringify(config)];
  await promisify(execFile)(process.execPath, words).catch(({ stderr, message }) => {
    throw new Error(stderr.trim() || message);
  });
}

async function putInPlace(config: Config): Promise<void> {
  await checkConfigFiles(config);
  const [{ ensurePki }, { mergeKubeconfig, writeKubeconfig }] = await Promise.all([
    import("./pki/pki.ts"),
    import("./pki/kubeconfig.ts"),
  ]);
  const pki = await ensurePki(config);
  const access = { server: serverAddress(config), authority: pki.authority.cert, client: pki.admin };
  writeKubeconfig(config.kubeconfig, access);
  if (config["merge-kubeconfig"]) mergeKubeconfig(mergedKubeconfig(), access);
}

if (import.meta.main) {
  try {
    await putInPlace(JSON.parse(process.argv[2]!) as Config);
  } catch (err) {
    console.error((err as Error).message);
    process.exitCode = 1;
  }
}
