/**
 * Keeps the objects of flow control right for as long as the server runs: whatever changes one of them starts another look, and many
 * changes at once start one.
 */

import { createApi } from "@knarr/client/create-api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { priorityLevelConfiguration } from "@knarr/kinds/flowcontrol/priority-level-configuration.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Caches } from "../cache/cache.ts";
import { sayWhatDangles } from "./dangling.ts";
import { CONFIG_PRODUCER, ensureFlowControl } from "./objects.ts";

export interface FlowControlOptions {
  /** Of a member of system:masters. */
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when the objects are there. */
export async function keepFlowControl(options: FlowControlOptions): Promise<AsyncDisposable> {
  const { caches } = options;
  const keeper = new FlowControl(options);
  const subscriptions = new DisposableStack();
  for (const resource of [priorityLevelConfiguration, flowSchema])
    subscriptions.use(caches.of(resource as never).subscribe(() => keeper.look()));
  keeper.look();
  await keeper.idle;
  return {
    async [Symbol.asyncDispose]() {
      subscriptions.dispose();
      await keeper.idle;
    },
  };
}

class FlowControl {
  readonly #options: FlowControlOptions;
  /** Something changed since the last look began. */
  #isStale = false;
  /** Resolves when there is nothing left to do. Never rejects. */
  idle: Promise<void> | undefined;

  constructor(options: FlowControlOptions) {
    this.#options = options;
  }

  look(): void {
    this.#isStale = true;
    this.idle ??= this.#run().finally(() => (this.idle = undefined));
  }

  async #run(): Promise<void> {
    const { transport, caches, clock, log } = this.#options;
    const api = createApi(transport, { fieldManager: CONFIG_PRODUCER });
    while (this.#isStale) {
      this.#isStale = false;
      try {
        await ensureFlowControl(api, caches.world);
        await sayWhatDangles(api, caches.world, clock);
      } catch (err) {
        log.error("Could not keep the objects of flow control", { error: err });
      }
    }
  }
}
