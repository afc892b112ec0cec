/**
 * Request limits: every request is put into its flow and waits until it is that flow's turn, so that a flood from one user leaves the others
 * their answers. What lasts as long as somebody looks on (logs, exec, proxies) is let through, as upstream does; a watch counts until it has begun.
 */

import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { priorityLevelConfiguration } from "@knarr/kinds/flowcontrol/priority-level-configuration.ts";
import type { PriorityLevelConfiguration } from "@knarr/kinds/generated/flowcontrol-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Caches } from "../cache/cache.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { isLongRunning } from "../pipeline/deadline.ts";
import { Classifier } from "./classifier.ts";
import { Dispatcher, type Seat } from "./dispatcher.ts";
import { FlowMetrics } from "./flow-figures.ts";
import { PriorityLevel } from "./priority-level.ts";
import { Refusals } from "./refusals.ts";

export interface RequestLimitsOptions {
  readonly caches: Caches;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export class RequestLimits implements Disposable {
  readonly #caches: Caches;
  readonly #dispatcher = new Dispatcher();
  readonly #subscriptions = new DisposableStack();
  readonly #refusals: Refusals;
  readonly #metrics: FlowMetrics;
  #classifier = new Classifier([]);
  #levels = new Map<string, { readonly level: PriorityLevel; readonly spec: string }>();
  #isStale = true;

  constructor({ caches, metrics, clock }: RequestLimitsOptions) {
    this.#caches = caches;
    const stopping = new AbortController();
    this.#subscriptions.defer(() => stopping.abort());
    this.#refusals = new Refusals(clock, stopping.signal);
    this.#metrics = new FlowMetrics(metrics, this.#dispatcher);
    for (const resource of [flowSchema, priorityLevelConfiguration])
      this.#subscriptions.use(caches.of(resource as never).subscribe(() => (this.#isStale = true)));
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  /** A seat for as long as the request is worked on, or undefined: it is refused. Tells the request where it belongs. */
  admit(request: ApiRequest): Seat | undefined | Promise<Seat | undefined> {
    if (request.verb !== "watch" && isLongRunning(request)) return FREE;
    if (this.#isStale) this.#refresh();
    const flow = this.#classifier.flowOf(request);
    const level = flow && this.#levels.get(flow.level)?.level;
    if (!level) return FREE; // the server is starting, and its own objects are not there yet
    const { name = "", uid = "" } = flow.schema.metadata ?? {};
    request.flow = { schema: uid, level: level.uid };
    const figures = this.#metrics.of(name, level.name);
    const seat = this.#dispatcher.admit({ flow, level, figures, isWanted: () => !request.signal.aborted });
    const asked = seat instanceof Promise ? performance.now() : undefined;
    const settle = (given: Seat | undefined): Seat | undefined | Promise<undefined> => {
      const seconds = asked === undefined ? 0 : (performance.now() - asked) / 1000;
      (given ? figures.waited : figures.waitedInVain).observe(seconds);
      (given ? figures.dispatched : figures.refused).add();
      if (given) return given;
      return this.#refusals.tell(`${name}/${flow.distinguisher}`)?.then(() => undefined);
    };
    return seat instanceof Promise ? seat.then(settle) : settle(seat);
  }

  #refresh(): void {
    this.#isStale = false;
    this.#metrics.forget();
    const { world } = this.#caches;
    this.#classifier = new Classifier(world.list(flowSchema));
    const configurations = world.list(priorityLevelConfiguration) as readonly PriorityLevelConfiguration[];
    this.#levels = new Map(configurations.map((one) => [one.metadata?.name ?? "", this.#levelOf(one)]));
    this.#dispatcher.setLevels([...this.#levels.values()].map(({ level }) => level));
  }

  /** The level that is there already, with those that wait in it, unless its configuration became another. */
  #levelOf(configuration: PriorityLevelConfiguration): { level: PriorityLevel; spec: string } {
    const { name = "", uid = "" } = configuration.metadata ?? {};
    const spec = JSON.stringify(configuration.spec);
    const known = this.#levels.get(name);
    if (known?.level.uid === uid && known.spec === spec) return known;
    return { level: new PriorityLevel(configuration), spec };
  }
}

const FREE: Seat = { release: () => undefined };
