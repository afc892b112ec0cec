/** Makes a pod's sandbox, and the files that all its containers share. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodSandboxConfig } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { parseResolvConf } from "./dns.ts";
import { hostnameOf, hostsFile } from "./hosts-file.ts";
import type { PodServices } from "./pod-services.ts";
import { sandboxConfig } from "./sandbox-config.ts";

export function podDirectoryOf(pod: Pod, { config }: PodServices): string {
  return join(config.rootDir, "pods", pod.metadata!.uid!);
}

/** Throws, and has told the events, when the runtime or the network cannot. */
export async function createSandbox(pod: Pod, attempt: number, services: PodServices): Promise<void> {
  const { runtime, cgroups, state } = services;
  try {
    await cgroups.ensure(pod);
    await mkdir(podDirectoryOf(pod, services), { recursive: true, mode: 0o750 });
    await runtime.runPodSandbox({
      config: await sandboxConfigOf(pod, attempt, services),
      runtimeHandler: await services.runtimeHandler(pod),
    });
  } catch (err) {
    await state.refresh(pod.metadata!.uid!);
    const message = `Failed to create pod sandbox: ${(err as Error).message}`;
    services.event(pod, "Warning", "FailedCreatePodSandBox", message);
    throw err;
  }
}

/** The node's resolv.conf is read anew for each: it may have changed. */
export async function sandboxConfigOf(
  pod: Pod,
  attempt: number,
  { config, cgroups }: PodServices,
): Promise<Sent<PodSandboxConfig>> {
  const resolvConf = await readFile(config.resolvConf, "utf8").catch(() => ""); // a node may have none
  return sandboxConfig(pod, {
    attempt,
    cgroupParent: cgroups.pathOf(pod),
    podLogsDir: config.podLogsDir,
    dns: { servers: config.clusterDns, domain: config.clusterDomain },
    hostResolvConf: parseResolvConf(resolvConf),
  });
}

/** Writes the pod's /etc/hosts in place, since running containers have it mounted, and gives its path. */
export async function writeHostsFile(
  pod: Pod,
  podIPs: readonly string[],
  services: PodServices,
): Promise<string> {
  const { config } = services;
  const directory = podDirectoryOf(pod, services);
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, "etc-hosts");
  const ofHost = pod.spec?.hostNetwork ? await readFile(config.hostsFile, "utf8") : "";
  await writeFile(path, hostsFile(pod, hostnameOf(pod, config.clusterDomain), podIPs, ofHost), {
    mode: 0o644,
  });
  return path;
}
