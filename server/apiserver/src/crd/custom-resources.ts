/**
 * Serves what CustomResourceDefinitions define, from before the server is ready until it stops.
 *
 * Each definition is looked at whenever it changes, one at a time, and brought to where it should be, whatever it has been through: names,
 * conditions, kinds in the registry, and in the end the removal of its instances. A kind is served before its status says so, so that who has
 * read `Established` finds it; and it is served before the server is ready, when it was before the server stopped.
 *
 * Several servers over one store do all of this, each for itself: they agree because they judge by the same definitions.
 */

import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import type { Api } from "@knarr/client/api.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import { WorkQueue } from "@knarr/std/workqueue.ts";
import type { Caches, ItemChange, ResourceCache } from "../cache/cache.ts";
import type { Registry } from "../registry/registry.ts";
import type { Served } from "../registry/served.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import { deleteUnasked } from "../writes/delete-object.ts";
import { CustomKind } from "./custom-kind.ts";
import { CLEANUP_FINALIZER, isNamed, isTrue, type Definition } from "./definition.ts";
import { judged, withCondition, type State } from "./lifecycle/conditions.ts";
import { completed, failed, inProgress, neverEstablished } from "./lifecycle/deletion.ts";
import { ServedKinds } from "./served-kinds.ts";

export interface CustomResourcesOptions {
  readonly api: Api;
  readonly registry: Registry;
  readonly caches: Caches;
  readonly webhooks: WebhookClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class CustomResources implements AsyncDisposable {
  readonly #options: CustomResourcesOptions;
  readonly #definitions: ResourceCache<Definition>;
  readonly #kinds: ServedKinds;
  readonly #queue = new WorkQueue();
  readonly #backoff = new Backoff({ baseMs: 100, maxMs: 30_000 });
  readonly #stop = new AbortController();
  readonly #subscription: Disposable;
  #running: Promise<void> | undefined;

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#definitions = options.caches.of(customResourceDefinition) as unknown as ResourceCache<Definition>;
    this.#kinds = new ServedKinds(options);
    this.#subscription = this.#definitions.subscribe((changes) =>
      changes.forEach((change) => this.#wake(change)),
    );
  }

  /** Resolves when all kinds are served that were when the server stopped. */
  async start(): Promise<void> {
    for (const { object, key } of this.#definitions.items()) {
      if (isNamed(object)) await this.#serve(key, object);
      this.#queue.add(key);
    }
    this.#running = this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    this.#stop.abort();
    this.#queue.close();
    await this.#running;
  }

  /** What somebody gives up, others of the group may be waiting for. */
  #wake({ type, item, previous }: ItemChange<Definition>): void {
    this.#queue.add(item.key);
    const names = ({ status }: Definition): string => JSON.stringify(status?.acceptedNames);
    if (type !== "DELETED" && (!previous || names(previous.object) === names(item.object))) return;
    for (const { key, object } of this.#definitions.items())
      if (object.spec.group === item.object.spec.group && key !== item.key) this.#queue.add(key);
  }

  async #work(): Promise<void> {
    for (let name; (name = await this.#queue.take()) !== undefined; this.#queue.done(name)) {
      try {
        await this.#reconcile(name);
        this.#backoff.forget(name);
      } catch (err) {
        if (this.#stop.signal.aborted) return;
        this.#retry(name, err);
      }
    }
  }

  #retry(name: string, err: unknown): void {
    const { clock, log } = this.#options;
    log.error("Could not bring a CustomResourceDefinition to where it should be", { name, err });
    clock.sleep(this.#backoff.next(name), this.#stop.signal).then(
      () => this.#queue.add(name),
      () => undefined, // aborted: everything ends
    );
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#definitions.get(name)?.object;
    if (!definition) return this.#withdraw(name);
    const next = judged(definition, this.#group(definition), this.#now());
    if (isNamed(next)) await this.#serve(name, next);
    if (next !== definition) return this.#note(next); // which brings it here again
    const { deletionTimestamp, finalizers = [] } = definition.metadata;
    if (deletionTimestamp && finalizers.includes(CLEANUP_FINALIZER)) await this.#cleanUp(name, definition);
  }

  async #serve(name: string, definition: Definition): Promise<void> {
    await this.#kinds.serve(name, new CustomKind(definition, this.#options.webhooks));
  }

  /** Deletes all instances, and lets the definition go when there are none. */
  async #cleanUp(name: string, definition: Definition): Promise<void> {
    if (!isTrue(definition, "Established")) return this.#release(definition, neverEstablished);
    if (!isTrue(definition, "Terminating")) return this.#noteState(definition, inProgress);
    const served = this.#kinds.stored(name);
    if (served) {
      const problems = await this.#deleteInstances(served);
      if (problems.length > 0) {
        await this.#noteState(definition, failed(problems.join(", ")));
        throw new Error(`Cannot delete the instances of ${name}: ${problems.join(", ")}`);
      }
      if (served.cache.size > 0) {
        this.#kinds.whenEmpty(name, () => this.#queue.add(name));
        return this.#noteState(definition, inProgress);
      }
    }
    await this.#release(definition, completed);
  }

  /** Nothing stays of it, not even what was counted: others may come and go for as long as this server runs. */
  #withdraw(name: string): void {
    this.#kinds.withdraw(name);
    const [resource = "", ...group] = name.split(".");
    this.#options.metrics.forget({ group: group.join("."), resource });
  }

  async #deleteInstances(served: Served): Promise<string[]> {
    const now = this.#options.clock.now();
    const going = served.cache.items().filter(({ object }) => !object.metadata.deletionTimestamp);
    const outcomes = await Promise.allSettled(going.map(({ key }) => deleteUnasked(served, key, now)));
    return outcomes.flatMap((outcome) =>
      outcome.status === "rejected" && !isNotFound(outcome.reason) ? [(outcome.reason as Error).message] : [],
    );
  }

  async #release(definition: Definition, state: State): Promise<void> {
    const released = copyJson(withCondition(definition, state, this.#now()));
    const finalizers = (released.metadata.finalizers ?? []).filter((name) => name !== CLEANUP_FINALIZER);
    await this.#note({ ...released, metadata: { ...released.metadata, finalizers } });
  }

  async #noteState(definition: Definition, state: State): Promise<void> {
    const next = withCondition(definition, state, this.#now());
    if (next !== definition) await this.#note(next);
  }

  /** Changed or gone in the meantime: the cache tells, and it is looked at again. */
  async #note(definition: Definition): Promise<void> {
    await this.#options.api
      .updateStatus(customResourceDefinition, definition as never)
      .catch((err: unknown) => {
        if (!isConflict(err) && !isNotFound(err)) throw err;
      });
  }

  #group({ spec }: Definition): Definition[] {
    return this.#definitions
      .items()
      .map(({ object }) => object)
      .filter((other) => other.spec.group === spec.group);
  }

  #now(): string {
    return formatTime(this.#options.clock.now());
  }
}
