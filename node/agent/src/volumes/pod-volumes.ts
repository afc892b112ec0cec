/**
 * The volumes of one pod on disk: `<root>/pods/<uid>/volumes/kubernetes.io~<plugin>/<volume>`.
 *
 * Promises: `setUp` is level-based, so call it before the first container and again whenever the pod, or an object it
 * refers to, changed or `refreshInMs` is over: what need not change is not touched, files change by atomic swap.
 * `mounts` gives what CRI wants, for one container, after a `setUp` that worked. `tearDown` needs no memory of what was set up:
 * it undoes what it finds on disk, and may be called by an agent that was just started.
 * Left to the caller: one call at a time for one pod, and that no container uses the files any more at `tearDown`.
 */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, Volume, VolumeMount } from "@knarr/kinds/generated/core-v1.ts";
import { expand } from "../expansion.ts";
import { removeTree } from "./mount.ts";
import { bindSubPath, unbindSubPaths } from "./sub-path.ts";
import type { MountSource, PodVolumeContext, VolumePlugin } from "./volume.ts";
import { volumePlugins } from "./volumes.ts";

export interface ContainerMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: "private" | "host-to-container" | "bidirectional";
}

export class PodVolumes {
  readonly #podDirectory: string;
  readonly #plugins: readonly VolumePlugin[];
  /** What the last setUp of each volume gave. */
  readonly #sources = new Map<string, MountSource>();

  /** `podDirectory` is `<root>/pods/<uid>`. */
  constructor(podDirectory: string, plugins: readonly VolumePlugin[] = volumePlugins) {
    this.#podDirectory = podDirectory;
    this.#plugins = plugins;
  }

  /** Brings every volume that a container mounts up to date, all at once. Throws VolumesNotReady when some could not be. */
  async setUp(pod: Pod, context: PodVolumeContext): Promise<{ readonly refreshInMs?: number }> {
    const mounted = namesOfMountedVolumes(pod);
    const wanted = (pod.spec?.volumes ?? []).filter(({ name }) => mounted.has(name));
    const settled = await Promise.allSettled(wanted.map((volume) => this.#setUpOne(volume, pod, context)));
    const failures = settled.flatMap((result, index) =>
      result.status === "rejected" ? [{ volume: wanted[index]!.name, error: result.reason as Error }] : [],
    );
    if (failures.length) throw new VolumesNotReady(failures);
    const refreshInMs = Math.min(
      ...settled.map((result) => (result.status === "fulfilled" && result.value?.refreshInMs) || Infinity),
    );
    return refreshInMs === Infinity ? {} : { refreshInMs };
  }

  /** Gives nothing when the volume was there and does not change. */
  async #setUpOne(volume: Volume, pod: Pod, context: PodVolumeContext): Promise<MountSource | undefined> {
    const plugin = this.#plugins.find((candidate) => candidate.handles(volume));
    if (!plugin) throw new TypeError(`No plugin handles volume ${JSON.stringify(volume.name)}`);
    if (!plugin.live && this.#sources.has(volume.name)) return undefined;
    const parent = join(this.#podDirectory, "volumes", `kubernetes.io~${plugin.name}`);
    await mkdir(parent, { recursive: true, mode: 0o750 });
    const source = await plugin.setUp(volume, { ...context, pod, directory: join(parent, volume.name) });
    this.#sources.set(volume.name, source);
    return source;
  }

  /**
   * What to mount into a container, in the order of its volumeMounts. `environment` is the container's own, for `subPathExpr`.
   * Throws what becomes a CreateContainerConfigError.
   */
  async mounts(
    container: Pick<Container, "name" | "volumeMounts">,
    environment: ReadonlyMap<string, string>,
  ): Promise<ContainerMount[]> {
    const mounts: ContainerMount[] = [];
    for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
      const source = this.#sources.get(mount.name);
      if (!source)
        throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      refuseRecursiveReadOnly(mount);
      const subPath = subPathOf(mount, environment);
      mounts.push({
        hostPath: subPath
          ? await bindSubPath({
              podDirectory: this.#podDirectory,
              volume: mount.name,
              volumePath: source.hostPath,
              subPath,
              container: container.name,
              index,
            })
          : source.hostPath,
        containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
        readOnly: (mount.readOnly ?? false) || (source.readOnly ?? false),
        propagation: propagationOf(mount),
      });
    }
    return mounts;
  }

  /** Undoes sub-path binds and volumes, found on disk. Leaves `<podDirectory>/volumes` away; the rest is the agent's. */
  async tearDown(): Promise<void> {
    await unbindSubPaths(this.#podDirectory);
    const volumes = join(this.#podDirectory, "volumes");
    for (const type of await namesIn(volumes)) {
      const plugin = this.#plugins.find(({ name }) => `kubernetes.io~${name}` === type);
      for (const name of await namesIn(join(volumes, type)))
        await (plugin?.tearDown ?? removeTree)(join(volumes, type, name));
      await rm(join(volumes, type), { recursive: true, force: true });
    }
    await removeTree(volumes);
    this.#sources.clear();
  }
}

/** Undoes and removes all of `<root>/pods/<uid>`. */
export async function removePodDirectory(
  podDirectory: string,
  plugins: readonly VolumePlugin[] = volumePlugins,
): Promise<void> {
  await new PodVolumes(podDirectory, plugins).tearDown();
  await removeTree(podDirectory);
}

/** The directories of pods that this node should no longer have: to be given to `removePodDirectory`. */
export async function orphanedPodDirectories(
  root: string,
  isWanted: (uid: string) => boolean,
): Promise<string[]> {
  const pods = join(root, "pods");
  return (await namesIn(pods)).filter((uid) => !isWanted(uid)).map((uid) => join(pods, uid));
}

export interface VolumeFailure {
  readonly volume: string;
  readonly error: Error;
}

/** One or more volumes are not there. `messages` are for FailedMount events, one each. */
export class VolumesNotReady extends Error {
  override readonly name = "VolumesNotReady";
  readonly failures: readonly VolumeFailure[];
  readonly messages: readonly string[];

  constructor(failures: readonly VolumeFailure[]) {
    const messages = failures.map(
      ({ volume, error }) => `MountVolume.SetUp failed for volume "${volume}" : ${error.message}`,
    );
    super(messages.join("; "), { cause: failures[0]?.error });
    this.failures = failures;
    this.messages = messages;
  }
}

function namesOfMountedVolumes(pod: Pod): Set<string> {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const all = [...initContainers, ...containers, ...ephemeralContainers];
  return new Set(all.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
}

function subPathOf(mount: VolumeMount, environment: ReadonlyMap<string, string>): string {
  const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, environment) : (mount.subPath ?? "");
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes(".."))
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  return subPath;
}

function expandSubPath(expression: string, environment: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const expanded = expand(expression, (name) => {
    const value = environment.get(name) ?? "";
    if (value === "") missing.add(name);
    return value;
  });
  if (missing.size) throw new Error(`missing value for ${[...missing].sort().join(", ")}`);
  return expanded;
}

/** containerd 1.6 does not know the field: a mount that must be read-only all the way down would silently not be. */
function refuseRecursiveReadOnly(mount: VolumeMount): void {
  if (mount.recursiveReadOnly === "Enabled")
    throw new Error(
      `failed to resolve recursive read-only mode: volume "${mount.name}" requested recursive read-only mode, but it is not supported by the runtime`,
    );
}

function propagationOf({ mountPropagation = "None" }: VolumeMount): ContainerMount["propagation"] {
  switch (mountPropagation) {
    case "None":
      return "private";
    case "HostToContainer":
      return "host-to-container";
    case "Bidirectional":
      return "bidirectional";
    default:
      throw new Error(`invalid MountPropagation mode: "${mountPropagation}"`);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw err;
  }
}
