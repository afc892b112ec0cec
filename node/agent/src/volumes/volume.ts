/**
 * A volume plugin: turns one kind of `spec.volumes[]` into a directory (or file) on the node that containers can mount.
 *
 * `setUp` is idempotent: the agent may have died half-way and calls it again, and calls it again when an object it
 * depends on changed, so that files follow live (atomic swap). `tearDown` undoes what is on disk from the directory
 * alone, without the pod's spec, for pods that vanished while the agent was away. Paths follow the kubelet's:
 * `<root>/pods/<uid>/volumes/kubernetes.io~<plugin>/<volume>`.
 */

import type { Pod, Volume } from "@knarr/kinds/generated/core-v1.ts";
import type { ConfigMap, Secret, Node } from "@knarr/kinds/generated/core-v1.ts";

export interface VolumePlugin {
  /** As it appears in the path: `empty-dir`, `configmap`, `secret`, `projected`, `downward-api`, `host-path`. */
  readonly name: string;
  handles(volume: Volume): boolean;
  /** Throws VolumeNotReady when something it needs is not there yet: the pod waits and is told of changes. */
  setUp(volume: Volume, context: VolumeContext): Promise<MountSource>;
  tearDown(directory: string): Promise<void>;
  /** Must `setUp` run again while the pod runs: when one of its objects changes, or after so many milliseconds? */
  readonly live?: boolean;
}

export interface MountSource {
  readonly hostPath: string;
  /** The volume itself is read-only, whatever the mount says. */
  readonly readOnly?: boolean;
  /** When to call setUp again even if nothing changes (token rotation). */
  readonly refreshInMs?: number;
}

/** What the volumes of one pod may ask for. The agent makes one for each call of `PodVolumes.setUp`. */
export interface PodVolumeContext {
  readonly node: Node;
  /** Current objects by `namespace/name`, kept by watches for as long as a pod of this node refers to them. */
  configMap(key: string): ConfigMap | undefined;
  secret(key: string): Secret | undefined;
  /** A token bound to the pod, cached until 80 % of its life (`ServiceAccountTokens.get` is one). */
  serviceAccountToken(request: { audience?: string; expirationSeconds: number }): Promise<BoundToken>;
  /** IPs for downward API fields, once the sandbox has them. */
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

export interface VolumeContext extends PodVolumeContext {
  readonly pod: Pod;
  /** Where this volume may put its files; created by the plugin, removed by its tearDown. */
  readonly directory: string;
}

export interface BoundToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** When to ask for it again, to have the next one in time. */
  readonly refreshInMs: number;
}

/** Words are upstream's: `configmap "x" not found`, …; becomes a FailedMount event. */
export class VolumeNotReady extends Error {
  override readonly name = "VolumeNotReady";
}

export function defineVolumePlugin(plugin: VolumePlugin): VolumePlugin {
  return plugin;
}
