/**
 * The APIServices of what this server serves itself. Those of built-in groups are made or mended once, at start, and are then the
 * administrator's; those of custom resources are kept as they should be for as long as their group is served, and go with it. Which is
 * which a label says, and what lacks the label is nobody's but its maker's: that of a group that yields has none.
 */

import type { Api } from "@knarr/client/api.ts";
import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import { priorityOf } from "@knarr/kinds/priorities.ts";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { isAlreadyExists, isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { ResourceCache } from "../cache/cache.ts";
import { CUSTOM } from "./merged-groups.ts";

const LABEL = "kube-aggregator.kubernetes.io/automanaged";
type Managed = "onstart" | "true";

/** A version of a group that is served. */
export interface ServedVersion {
  readonly group: string;
  readonly version: string;
  readonly isBuiltIn: boolean;
  /** Another server may take its place. */
  readonly yields: boolean;
}

export interface LocalServicesOptions {
  readonly api: Api;
  readonly cache: ResourceCache<APIService>;
  /** What is served now, custom resources included. */
  served(): readonly ServedVersion[];
  readonly clock: Clock;
  readonly log: Logger;
}

export class LocalServices implements AsyncDisposable {
  readonly #options: LocalServicesOptions;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff({ maxMs: 30_000 });
  #isStarted = false;
  #isDirty = false;
  #running: Promise<void> | undefined;
  readonly #subscription: Disposable;

  constructor(options: LocalServicesOptions) {
    this.#options = options;
    this.#subscription = options.cache.subscribe((changes) => {
      if (changes.some(({ item, previous }) => isKept(item.object) || (previous && isKept(previous.object))))
        this.wake();
    });
  }

  /** Makes everything right, what is built in too. */
  async start(): Promise<void> {
    await this.#mend();
    this.#isStarted = true;
    if (this.#isDirty) this.wake();
  }

  /** What is served has changed, or an APIService of a custom group: looks again, soon. */
  wake(): void {
    this.#isDirty = true;
    if (this.#isStarted) this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (this.#isDirty && !signal.aborted) {
      this.#isDirty = false;
      try {
        await this.#mend();
        this.#backoff.forget("");
      } catch (err) {
        if (signal.aborted) break;
        log.error("Could not keep APIServices as they should be", { err });
        this.#isDirty = true;
        await clock.sleep(this.#backoff.next(""), signal).catch(() => {}); // aborted: the loop ends
      }
    }
    this.#running = undefined;
  }

  async #mend(): Promise<void> {
    const { cache, served } = this.#options;
    const wanted = new Map(
      served()
        .flatMap((version) => localService(version) ?? [])
        .map((object) => [object.metadata.name!, object]),
    );
    const spurious = cache
      .items()
      .filter(({ object, key }) => !wanted.has(key) && this.#isOurs(object))
      .map(({ object }) => this.#remove(object));
    await Promise.all([...[...wanted.values()].map((object) => this.#ensure(object)), ...spurious]);
  }

  async #ensure(wanted: APIService): Promise<void> {
    const { api, cache } = this.#options;
    if (this.#isStarted && !isKept(wanted)) return;
    const current = cache.get(wanted.metadata.name!)?.object;
    if (!current) await api.create(apiService, wanted).catch(unless(isAlreadyExists));
    else if (this.#isOurs(current) && !semanticEqual(current.spec, wanted.spec))
      await api.update(apiService, { ...current, spec: wanted.spec! }).catch(unless(isConflict, isNotFound));
  }

  async #remove({ metadata: { name, uid } }: APIService): Promise<void> {
    const options = uid === undefined ? {} : { uid };
    await this.#options.api.delete(apiService, name!, options).catch(unless(isConflict, isNotFound));
  }

  /** Ours to change: always what is kept, at start what is made then. */
  #isOurs(object: APIService): boolean {
    const label = labelOf(object);
    return label === "true" || (label === "onstart" && !this.#isStarted);
  }
}

/** Undefined for the group of APIServices themselves, which has none. */
function localService({ group, version, isBuiltIn, yields }: ServedVersion): APIService | undefined {
  const managed: Managed = isBuiltIn ? "onstart" : "true";
  if (group === apiService.group) return undefined;
  const priority = isBuiltIn ? priorityOf({ group, version }) : CUSTOM;
  return {
    metadata: { name: `${version}.${group}`, ...(!yields && { labels: { [LABEL]: managed } }) },
    spec: {
      ...(group && { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  };
}

function labelOf({ metadata }: APIService): string | undefined {
  return metadata.labels?.[LABEL];
}

function isKept(object: APIService): boolean {
  return labelOf(object) === "true";
}

/** Somebody else was quicker: the cache tells, and we look again. */
function unless(...passing: readonly ((err: unknown) => boolean)[]): (err: unknown) => void {
  return (err) => {
    if (!passing.some((is) => is(err))) throw err;
  };
}
