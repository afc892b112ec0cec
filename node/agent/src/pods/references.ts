/**
 * The ConfigMaps and Secrets that pods of this node refer to, each kept by a watch of its own for as long as a pod needs it: a node may see only
 * what its pods may.
 */

import { Informer } from "@knarr/client/informer.ts";
import type { Transport } from "@knarr/client/transport.ts";
import type { ConfigMap, Pod, Secret } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { splitKey } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { configMaps, secrets } from "@knarr/client/named-resources.ts";
import { containersOf } from "./containers.ts";

interface Watched {
  readonly informer: Informer<any>;
  readonly stop: AbortController;
  readonly running: Promise<void>;
  /** Uids of the pods that need it. */
  readonly users: Set<string>;
}

export interface ReferencesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something that the pod refers to changed. */
  onChange(podUid: string): void;
}

/** An API that does not answer must not hold up a pod for ever: then it waits as if the object were not there. */
const SYNC_TIMEOUT_MS = 10_000;

export class References implements AsyncDisposable {
  readonly #options: ReferencesOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #ofPod = new Map<string, ReadonlySet<string>>();

  constructor(options: ReferencesOptions) {
    this.#options = options;
  }

  configMap(key: string): ConfigMap | undefined {
    return this.#watched.get(`configmaps ${key}`)?.informer.get(key);
  }

  secret(key: string): Secret | undefined {
    return this.#watched.get(`secrets ${key}`)?.informer.get(key);
  }

  /** Watches what `pod` refers to, and no longer what it does not; resolves when all of it is known. */
  async use(pod: Pod, signal: AbortSignal): Promise<void> {
    const uid = pod.metadata!.uid!;
    const wanted = referencesOf(pod);
    for (const name of this.#ofPod.get(uid) ?? []) if (!wanted.has(name)) this.#release(name, uid);
    this.#ofPod.set(uid, wanted);
    const watched = [...wanted].map((name) => this.#watch(name, uid));
    const missing = watched.filter(({ informer }) => !informer.hasSynced);
    if (missing.length === 0) return;
    const done = new AbortController();
    const late = this.#options.clock
      .sleep(SYNC_TIMEOUT_MS, AbortSignal.any([signal, done.signal]))
      .catch(() => {}); // settled or aborted
    await Promise.race([Promise.all(missing.map(({ informer }) => informer.synced)), late]);
    done.abort();
    signal.throwIfAborted();
  }

  forget(uid: string): void {
    for (const name of this.#ofPod.get(uid) ?? []) this.#release(name, uid);
    this.#ofPod.delete(uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#watched.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ running }) => running));
  }

  #watch(name: string, uid: string): Watched {
    const watched = this.#watched.getOrInsertComputed(name, () => {
      const [plural = "", key = ""] = name.split(" ");
      const resource: Resource<any> = plural === "secrets" ? secrets : configMaps;
      const { namespace = "", name: objectName } = splitKey(key);
      const { transport, clock, log } = this.#options;
      const selection = { namespace, fieldSelector: `metadata.name=${objectName}` };
      const informer = new Informer({ transport, resource, selection, clock, log });
      const users = new Set<string>();
      informer.subscribeToChanges(() => {
        for (const user of users) this.#options.onChange(user);
      });
      const stop = new AbortController();
      return { informer, stop, running: informer.run(stop.signal), users };
    });
    watched.users.add(uid);
    return watched;
  }

  #release(name: string, uid: string): void {
    const watched = this.#watched.get(name);
    watched?.users.delete(uid);
    if (!watched || watched.users.size > 0) return;
    watched.stop.abort();
    this.#watched.delete(name);
  }
}

/** `configmaps ns/name` and `secrets ns/name`, wherever a spec can name one. */
export function referencesOf(pod: Pod): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (plural: "configmaps" | "secrets", name: string | undefined) => {
    if (name) names.add(`${plural} ${pod.metadata?.namespace}/${name}`);
  };
  for (const { container } of containersOf(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add("configmaps", configMapRef?.name);
      add("secrets", secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add("configmaps", valueFrom?.configMapKeyRef?.name);
      add("secrets", valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    add("configmaps", volume.configMap?.name);
    add("secrets", volume.secret?.secretName);
    for (const { configMap: map, secret: hidden } of volume.projected?.sources ?? []) {
      add("configmaps", map?.name);
      add("secrets", hidden?.name);
    }
  }
  for (const { name } of pod.spec?.imagePullSecrets ?? []) add("secrets", name);
  return names;
}
