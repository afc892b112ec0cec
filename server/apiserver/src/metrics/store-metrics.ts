/** What is counted of the store and of what is in it, under upstream's names: `etcd` is what upstream calls its store, whichever ours is. */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { Counter, Distribution, Figure, Histogram, Metrics } from "@knarr/std/metrics.ts";
import type { Store } from "@knarr/store/store.ts";
import { settled } from "../pipeline/at-once.ts";
import { BUCKETS } from "./request-metrics.ts";

export type StoreOperation = "create" | "update" | "delete";
type Kind = Pick<Resource<any>, "group" | "plural">;

export class StoreMetrics {
  readonly #seconds: Histogram;
  readonly #requests: Counter;
  readonly #errors: Counter;
  readonly #unreadable: Counter;
  readonly #series: Readonly<Record<StoreOperation, WeakMap<Kind, Series>>> = {
    create: new WeakMap(),
    update: new WeakMap(),
    delete: new WeakMap(),
  };

  constructor(metrics: Metrics) {
    const labels = ["operation", "group", "resource"];
    this.#seconds = metrics.histogram(
      "etcd_request_duration_seconds",
      "How long the store took, for each operation and kind.",
      labels,
      BUCKETS,
    );
    this.#requests = metrics.counter("etcd_requests_total", "What the store was asked for.", labels);
    this.#errors = metrics.counter("etcd_request_errors_total", "What the store could not do.", labels);
    this.#unreadable = metrics.counter(
      "apiserver_storage_decode_errors_total",
      "Objects in the store that could not be read.",
      ["group", "resource"],
    );
  }

  /** An object was met that cannot be read. */
  unreadable({ group, plural }: Kind): void {
    this.#unreadable.add([group, plural]);
  }

  /** Waits for what the store is asked for. */
  measure<T>(operation: StoreOperation, kind: Kind, asked: Promise<T>): T | Promise<T> {
    const series = this.#seriesOf(operation, kind);
    const started = performance.now();
    const done = (): void => {
      series.requests.add();
      series.seconds.observe((performance.now() - started) / 1000);
    };
    const failed = (err: unknown): never => {
      this.#errors.add([operation, kind.group, kind.plural]);
      throw err;
    };
    return settled(() => asked, done, failed);
  }

  /** Found by the kind itself, as every write is counted. */
  #seriesOf(operation: StoreOperation, kind: Kind): Series {
    return this.#series[operation].getOrInsertComputed(kind, () => {
      const labels = [operation, kind.group, kind.plural];
      return { seconds: this.#seconds.series(labels), requests: this.#requests.series(labels) };
    });
  }
}

/** Of one operation on one kind. */
interface Series {
  readonly seconds: Distribution;
  readonly requests: Figure;
}

export interface StoredKind extends Kind {
  /** How many objects of it there are. */
  readonly size: number;
}

/** How large the store is, when somebody looks. */
export function storeMetrics(metrics: Metrics, store: Store): void {
  metrics.read(
    {
      name: "apiserver_storage_size_bytes",
      help: "Bytes of the store on the disk.",
      labels: ["storage_cluster_id"],
    },
    () => (store.bytes === undefined ? [] : [[store.bytes, STORE]]),
  );
}

/** Upstream's name for its only one. */
const STORE = "etcd-0";

/** How much there is of each kind, when somebody looks. */
export function objectMetrics(
  metrics: Metrics,
  { kinds, revision }: { kinds(): readonly StoredKind[]; revision(): number },
): void {
  const help = "Stored objects, by kind.";
  metrics.read({ name: "apiserver_storage_objects", help, labels: ["resource"] }, () =>
    kinds().map(({ group, plural, size }) => [size, group ? `${plural}.${group}` : plural]),
  );
  metrics.read({ name: "apiserver_resource_objects", help, labels: ["group", "resource"] }, () =>
    kinds().map(({ group, plural, size }) => [size, group, plural]),
  );
  const reached =
    "Revision that what is served has reached: the same for every kind, as all come by one stream.";
  metrics.read(
    { name: "apiserver_watch_cache_resource_version", help: reached, labels: ["group", "resource"] },
    () => kinds().map(({ group, plural }) => [revision(), group, plural]),
  );
}
