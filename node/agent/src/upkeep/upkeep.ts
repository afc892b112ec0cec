/**
 * What a node does now and then to stay clean: logs rotated, dead containers, unused images and the traces of pods that are gone removed.
 *
 * Each duty stands for itself: one that fails is logged and tried again next time, and the others run all the same.
 */

import { readdir, readlink, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CompleteConfig } from "../config.ts";
import type { PodServices } from "../pods/pod-services.ts";
import { orphanedPodDirectories, removePodDirectory } from "../volumes/pod-volumes.ts";
import { superfluous } from "./dead-containers.ts";
import { bytesToFree, defaultImageGc, ImageUses } from "./image-gc.ts";
import { defaultLogLimits, removeLog, rotateLog } from "./log-rotation.ts";

export interface UpkeepOptions {
  readonly services: PodServices;
  /** Somebody looks after a pod with this uid: hands off. */
  isLookedAfter(uid: string): boolean;
  /** containerd's root, whose file system images lie on. */
  readonly imageRoot: string;
}

interface Duty {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #images = new ImageUses();

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options.services;
    const duties: readonly Duty[] = [
      { name: "rotate logs", everyMs: 10_000, run: () => this.rotateLogs() },
      { name: "remove dead containers", everyMs: 60_000, run: () => this.removeDeadContainers() },
      { name: "remove traces of pods", everyMs: 60_000, run: () => this.removeTraces() },
      { name: "balance cgroups", everyMs: 60_000, run: () => this.balanceCgroups() },
      { name: "remove unused images", everyMs: 300_000, run: () => this.removeImages() },
    ];
    await Promise.all(
      duties.map(async ({ name, everyMs, run }) => {
        while (!signal.aborted) {
          await run().catch((err) => log.error(`Could not ${name}`, { err }));
          await clock.sleep(everyMs, signal).catch(() => {}); // over
        }
      }),
    );
  }

  async rotateLogs(): Promise<void> {
    const { state, runtime, clock } = this.#options.services;
    for (const { containers } of state.pods())
      for (const { id, logPath, state: is } of containers) {
        if (is !== "running") continue;
        const reopen = () => runtime.reopenContainerLog(id);
        await rotateLog({ path: logPath, reopen }, defaultLogLimits, clock.now());
      }
  }

  async removeDeadContainers(): Promise<void> {
    const { state, runtime } = this.#options.services;
    for (const pod of state.pods()) {
      const { containers, sandboxes } = superfluous(pod);
      for (const { id, logPath } of containers) {
        await runtime.removeContainer(id);
        await removeLog(logPath);
      }
      for (const { id } of sandboxes) await runtime.removePodSandbox(id);
      if (containers.length || sandboxes.length) await state.refresh(pod.uid);
    }
  }

  /** Of pods that neither the API nor the runtime has: left by an agent that died while it cleaned. */
  async removeTraces(): Promise<void> {
    const { services, isLookedAfter } = this.#options;
    const { config, cgroups } = services;
    const known = (uid: string) => isLookedAfter(uid) || services.state.pod(uid) !== undefined;
    for (const directory of await orphanedPodDirectories(config.rootDir, known))
      await removePodDirectory(directory);
    for (const uid of await cgroups.uids()) if (!known(uid)) await cgroups.remove(uid);
    for (const name of await namesIn(config.podLogsDir)) {
      const uid = /^[^_]+_[^_]+_(.+)$/.exec(name)?.[1];
      if (uid && !known(uid)) await rm(join(config.podLogsDir, name), { recursive: true, force: true });
    }
    await removeDeadLinks(config);
  }

  async balanceCgroups(): Promise<void> {
    const { cgroups, activePods, node } = this.#options.services;
    const cpus = Number(node().status?.capacity?.["cpu"] ?? 1);
    await cgroups.balance(activePods(), cpus * 1000);
  }

  async removeImages(): Promise<void> {
    const { services, imageRoot } = this.#options;
    const { runtime, config, clock, log } = services;
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    const used = new Set(containers.flatMap(({ image, imageRef }) => [image?.image ?? "", imageRef]));
    const now = clock.now();
    this.#images.note(images, used, new Set([config.sandboxImage]), now);
    const bytes = await bytesToFree(imageRoot, defaultImageGc);
    for (const { id } of this.#images.candidates(bytes, defaultImageGc, now)) {
      await runtime.removeImage(id);
      log.info("Removed unused image to free disk", { image: id });
    }
  }
}

/** Links to logs that are no more. */
async function removeDeadLinks({ containerLogsDir, podLogsDir }: CompleteConfig): Promise<void> {
  for (const name of await namesIn(containerLogsDir)) {
    const link = join(containerLogsDir, name);
    const target = await readlink(link).catch(() => ""); // not a link: not ours
    if (!target.startsWith(podLogsDir)) continue;
    const isThere = await stat(link).then(
      () => true,
      () => false,
    );
    // A container that has not written yet has no log, but its pod has a directory
    if (!isThere && !(await stat(join(target, "..")).catch(() => undefined))) await rm(link, { force: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => []); // no pod was here yet
}
