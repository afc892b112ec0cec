/**
 * Servers behind this one: which requests are theirs, whether they are there, and what they add to what this one says of itself. Nothing
 * here costs anything while there are none.
 */

import { runControllers } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Counter, Metrics } from "@knarr/std/metrics.ts";
import type { Caches, ResourceCache } from "../cache/cache.ts";
import type { Answer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Registry } from "../registry/registry.ts";
import { availabilityController } from "./availability.ts";
import { mergedGroups, type MergedGroup } from "./merged-groups.ts";
import type { FrontProxy } from "./remote.ts";
import { RemoteOpenApi } from "./remote-openapi.ts";
import { RemoteDiscovery } from "./remote-discovery.ts";
import { Remotes } from "./remotes.ts";

export interface AggregatorOptions {
  readonly registry: Registry;
  readonly caches: Caches;
  readonly frontProxy: FrontProxy | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export class Aggregator implements AsyncDisposable {
  readonly #options: AggregatorOptions;
  readonly #cache: ResourceCache<APIService>;
  readonly #remotes: Remotes;
  readonly openApi: RemoteOpenApi;
  readonly #discovery = new RemoteDiscovery(() => (this.#merged = undefined));
  readonly #stack = new AsyncDisposableStack();
  /** Servers behind that nobody has looked for yet since the start. */
  readonly #pending: Set<string>;
  readonly #unavailable: Counter;
  #merged: readonly MergedGroup[] | undefined;

  constructor(options: AggregatorOptions) {
    const { registry, caches, frontProxy, clock, metrics } = options;
    this.#options = options;
    this.#unavailable = metrics.counter(
      "aggregator_unavailable_apiservice_total",
      "How often an APIService became unavailable.",
      ["name", "reason"],
    );
    this.#cache = caches.of(apiService);
    this.#remotes = this.#stack.use(new Remotes(this.#cache, { caches, frontProxy }));
    this.openApi = new RemoteOpenApi(this.#remotes, clock);
    this.#pending = new Set(
      this.#cache.items().flatMap(({ object, key }) => (object.spec?.service ? key : [])),
    );
    this.#stack.use(registry.subscribe(() => (this.#merged = undefined)));
    this.#stack.use(
      this.#cache.subscribe((changes) => {
        this.#merged = undefined;
        for (const { item, type } of changes)
          if (type === "DELETED" || !item.object.spec?.service) this.#forget(item.key);
      }),
    );
  }

  /** Keeps the conditions of APIServices right from now on. */
  async start(transport: Transport, log: Logger): Promise<void> {
    const { clock } = this.#options;
    const controller = availabilityController({
      remote: (name) => this.#remotes.get(name),
      looked: (name, answers) => this.#looked(name, answers),
      becameUnavailable: (name, reason) => this.#unavailable.add([name, reason]),
    });
    const stop = new AbortController();
    const running = await runControllers([controller], {
      transport,
      clock,
      log,
      signal: stop.signal,
      component: "kube-apiserver",
    });
    this.#stack.use(running);
    this.#stack.defer(() => stop.abort());
  }

  /** Undefined for a request that is ours to answer. */
  pass(request: ApiRequest): Answer | undefined {
    return this.#remotes.of(request)?.pass(request);
  }

  /** All groups, in the order of discovery: the same list until something changes. */
  get groups(): readonly MergedGroup[] {
    return (this.#merged ??= mergedGroups({
      groups: this.#options.registry.groups,
      services: this.#cache.items().map(({ object }) => object),
      remote: (name) => this.#discovery.get(name),
    }));
  }

  /** APIServices whose servers nobody has looked for yet since the start: discovery says nothing true of them. */
  get pending(): readonly string[] {
    return [...this.#pending];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #looked(name: string, answers: boolean): Promise<void> {
    const remote = this.#remotes.get(name);
    if (remote && answers) await this.#discovery.refresh(name, remote);
    else if (remote) this.#discovery.markStale(name);
    this.#pending.delete(name);
  }

  #forget(name: string): void {
    this.#pending.delete(name);
    this.#discovery.forget(name);
  }
}
