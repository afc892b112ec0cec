/** What is left of a pod whose containers are dead: its sandboxes, logs, directory. Removing is idempotent. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import { removePodDirectory } from "../volumes/pod-volumes.ts";
import type { PodServices } from "./pod-services.ts";
import { podDirectoryOf } from "./pod-sandbox.ts";
import { podLogDirectory } from "./sandbox-config.ts";

/** Removes everything, and everything that was remembered. */
export async function removeRemains(pod: Pod, runtime: PodRuntime, services: PodServices): Promise<void> {
  const { config, state } = services;
  const uid = pod.metadata!.uid!;
  // With their containers, of which the runtime keeps no account after this
  await Promise.all(runtime.sandboxes.map(({ id }) => services.runtime.removePodSandbox(id)));
  const sandboxes = new Set(runtime.sandboxes.map(({ id }) => id));
  const strays = runtime.containers.filter(({ sandboxId }) => !sandboxes.has(sandboxId));
  await Promise.all(strays.map(({ id }) => services.runtime.removeContainer(id)));
  await Promise.all([
    removePodDirectory(podDirectoryOf(pod, services)),
    rm(podLogDirectory(config.podLogsDir, pod), { recursive: true, force: true }),
    removeLogLinks(pod, config.containerLogsDir),
  ]);
  await state.refresh(uid);
  for (const memory of [services.references, services.tokens, services.images, services.statuses])
    memory.forget(uid);
}

async function removeLogLinks({ metadata = {} }: Pod, directory: string): Promise<void> {
  const prefix = `${metadata.name}_${metadata.namespace}_`;
  const names = await readdir(directory).catch(() => []); // never made
  const own = names.filter((name) => name.startsWith(prefix));
  await Promise.all(own.map((name) => rm(join(directory, name), { force: true })));
}
