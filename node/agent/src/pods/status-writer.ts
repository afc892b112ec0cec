/**
 * Writes pods' statuses to the API: only what changed, only the newest, a few pods at a time.
 *
 * A status given while another of the same pod waits replaces it. What a write is compared with is the newest state known, be it from the
 * watch or the answer to our own last write. A pod that is gone, or another of the same name, ends the matter; all else is tried again.
 */

import type { Api } from "@knarr/client/api.ts";
import { compareResourceVersions } from "@knarr/client/resource-version.ts";
import type { Pod, PodCondition, PodStatus } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { WorkQueue } from "@knarr/std/workqueue.ts";
import { pods } from "@knarr/client/named-resources.ts";

export interface StatusWriterOptions {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Wanted {
  readonly pod: Pod;
  readonly status: PodStatus;
}

const WRITERS = 8;

export class StatusWriter implements AsyncDisposable {
  readonly #options: StatusWriterOptions;
  readonly #queue = new WorkQueue();
  readonly #wanted = new Map<string, Wanted>();
  readonly #written = new Map<string, Pod>();
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #backoff = new Backoff({ baseMs: 200, maxMs: 30_000 });
  readonly #stop = new AbortController();
  readonly #writers: Promise<void>[];

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#writers = Array.from({ length: WRITERS }, () => this.#work());
  }

  /** The newest status known of `pod`, which is the pod as the watch has it. */
  latest(pod: Pod): PodStatus {
    return this.#newest(pod).status ?? {};
  }

  put(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata!.uid!;
    if (!this.#wanted.has(uid) && statusPatch(this.latest(pod), status) === undefined) return;
    this.#wanted.set(uid, { pod, status });
    this.#queue.add(uid);
  }

  /** Resolves when nothing waits to be written for the pod; rejects with the signal's reason when it aborts first. */
  flushed(uid: string, signal: AbortSignal): Promise<void> {
    if (!this.#wanted.has(uid)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.getOrInsert(uid, []).push(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
    });
  }

  forget(uid: string): void {
    this.#written.delete(uid);
    this.#settle(uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#queue.close();
    await Promise.all(this.#writers);
  }

  async #work(): Promise<void> {
    for (let uid; (uid = await this.#queue.take()) !== undefined; this.#queue.done(uid)) {
      const wanted = this.#wanted.get(uid);
      if (!wanted || this.#stop.signal.aborted) continue;
      try {
        await this.#write(uid, wanted);
        this.#backoff.forget(uid);
        if (this.#wanted.get(uid) === wanted) this.#settle(uid);
      } catch (err) {
        if (this.#stop.signal.aborted) return;
        this.#retry(uid, err);
      }
    }
  }

  async #write(uid: string, { pod, status }: Wanted): Promise<void> {
    const patch = statusPatch(this.latest(pod), status);
    if (!patch) return;
    try {
      const body = { metadata: { uid }, status: patch };
      const options = { type: "strategic", subresource: "status" } as const;
      const written = await this.#options.api.patch(pods, keyOf(pod as ApiObject), body, options);
      this.#written.set(uid, written as Pod);
    } catch (err) {
      // Gone, or replaced by a namesake: there is no status to keep any more
      if (!isNotFound(err) && !isConflict(err)) throw err;
    }
  }

  #retry(uid: string, err: unknown): void {
    const { clock, log } = this.#options;
    log.info("Could not write pod status", { uid, err });
    clock.sleep(this.#backoff.next(uid), this.#stop.signal).then(
      () => this.#queue.add(uid),
      () => undefined, // stopped
    );
  }

  #settle(uid: string): void {
    this.#wanted.delete(uid);
    for (const resolve of this.#waiting.get(uid) ?? []) resolve();
    this.#waiting.delete(uid);
  }

  #newest(pod: Pod): Pod {
    const written = this.#written.get(pod.metadata!.uid!);
    if (!written) return pod;
    const isNewer =
      compareResourceVersions(written.metadata!.resourceVersion!, pod.metadata!.resourceVersion ?? "0") > 0;
    return isNewer ? written : pod;
  }
}

/**
 * The strategic merge patch from one status to another, or nothing. Lists that are merged by key carry only what differs; fields that are no
 * longer wanted are set to null, of those that are ours to remove.
 */
export function statusPatch(from: PodStatus, to: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(to) as [keyof PodStatus, unknown][]) {
    if (field === "conditions") {
      const changed = changedConditions(from.conditions ?? [], value as PodCondition[]);
      if (changed.length) patch["conditions"] = changed;
    } else if (!isSame(from[field], value)) {
      // Merged by address on the server, which would keep the old ones
      const replaces = field === "podIPs" && (from.podIPs?.length ?? 0) > 0;
      patch[field] = replaces ? [{ $patch: "replace" }, ...(value as unknown[])] : value;
    }
  }
  for (const field of ["reason", "message"] as const)
    if (from[field] !== undefined && to[field] === undefined) patch[field] = null;
  return Object.keys(patch).length ? patch : undefined;
}

function changedConditions(from: readonly PodCondition[], to: readonly PodCondition[]): object[] {
  return to.flatMap((condition) => {
    const before = from.find(({ type }) => type === condition.type);
    if (isSame(before, condition)) return [];
    const removed = (["reason", "message"] as const).filter(
      (field) => before?.[field] !== undefined && condition[field] === undefined,
    );
    return [{ ...condition, ...Object.fromEntries(removed.map((field) => [field, null])) }];
  });
}

/** Equal as JSON, whatever the order of fields; an empty object, null and nothing are the same. */
export function isSame(one: unknown, other: unknown): boolean {
  if (isNothing(one) || isNothing(other)) return isNothing(one) && isNothing(other);
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = new Set([...Object.keys(one!), ...Object.keys(other!)]);
  if (Array.isArray(one) && one.length !== (other as unknown[]).length) return false;
  for (const name of names)
    if (!isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]))
      return false;
  return true;
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
