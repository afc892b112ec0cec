/** A small world for tests of the cache: pods, nodes and the caches of both over a store in memory, or over any other. */

import { defineResource, type Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import type { Store } from "@knarr/store/store.ts";
import type { Caches, ResourceCache, Watch, WatchBatch, WatchQuery, WatchSink } from "../cache.ts";
import { openCaches } from "../open-caches.ts";

export interface TestPod extends ApiObject {
  spec?: { nodeName?: string; [field: string]: unknown };
  status?: { [field: string]: unknown };
}

export const pod: Resource<TestPod> = defineResource<TestPod>({
  group: "",
  version: "v1",
  kind: "Pod",
  schema: "io.k8s.api.core.v1.Pod",
  plural: "pods",
  scope: "Namespaced",
  selectableFields: { "spec.nodeName": (object) => object.spec?.nodeName ?? "" },
});

export const node: Resource = defineResource<ApiObject>({
  group: "",
  version: "v1",
  kind: "Node",
  schema: "io.k8s.api.core.v1.Node",
  plural: "nodes",
  scope: "Cluster",
});

export class TestWorld implements AsyncDisposable {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly caches: Caches;
  readonly pods: ResourceCache<TestPod>;

  static async open(store: Store = new MemoryStore()): Promise<TestWorld> {
    const clock = new FakeClock();
    return new TestWorld(store, clock, await openCaches({ store, resources: [pod, node], clock }));
  }

  private constructor(store: Store, clock: FakeClock, caches: Caches) {
    this.store = store;
    this.clock = clock;
    this.caches = caches;
    this.pods = caches.of(pod);
  }

  /** Pods `p0`, `p1`, … in one namespace. */
  async addPods(count: number, namespace = "default"): Promise<void> {
    for (let i = 0; i < count; i++)
      await this.pods.create(`${namespace}/p${i}`, podOf(`p${i}`, { namespace }));
  }

  /** Closes the caches alone, as a server that stops does, and opens them anew. */
  async restart(): Promise<TestWorld> {
    await this.caches[Symbol.asyncDispose]();
    return TestWorld.open(this.store);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caches[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

export function podOf(
  name: string,
  { namespace = "default", nodeName, ...metadata }: ApiObject["metadata"] & { nodeName?: string } = {},
): TestPod {
  return {
    metadata: { name, namespace, uid: `uid-of-${name}`, ...metadata },
    spec: nodeName === undefined ? {} : { nodeName },
  };
}

/** A watcher that notes what it gets, as `TYPE key@revision`. */
export class Recorder implements WatchSink<TestPod> {
  readonly seen: string[] = [];
  readonly batches: WatchBatch<TestPod>[] = [];
  /** How many batches it takes until it is full. */
  room = Infinity;
  ended: "no" | "quietly" | Error = "no";
  watch!: Watch;

  static async start(
    cache: ResourceCache<TestPod>,
    query: WatchQuery = {},
    room = Infinity,
  ): Promise<Recorder> {
    const recorder = new Recorder();
    recorder.room = room;
    recorder.watch = await cache.watch(query, recorder);
    return recorder;
  }

  deliver(batch: WatchBatch<TestPod>): boolean {
    this.batches.push(batch);
    for (const { type, object } of batch.events) {
      const { name, resourceVersion } = (object as ApiObject).metadata;
      this.seen.push(`${type} ${name ?? ""}@${resourceVersion}`);
    }
    return --this.room > 0;
  }

  end(error?: Error): void {
    this.ended = error ?? "quietly";
  }

  /** What came as bytes, parsed. */
  get frames(): any[] {
    return this.batches.flatMap((batch) =>
      batch
        .frames()
        .toString()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    );
  }
}
