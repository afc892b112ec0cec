/**
 * Runs all controllers of the control plane until stopped: at once, or only while this process holds the leader lease.
 *
 * With leader election, losing the lease stops the controllers and stands for election again; nothing else of the process is
 * touched.
 */

import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import type { Controller } from "@knarr/client/controller.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { electLeader } from "@knarr/client/leader-election.ts";
import {
  runControllers,
  type ControllerMetrics,
  type RunControllersOptions,
} from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { controllers, type ControllerSettings } from "./controllers.ts";

export interface StartControllersOptions extends ControllerSettings {
  readonly transport: Transport;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Names of controllers to leave out. */
  readonly disable?: readonly string[];
  /** Wait for the Lease `kube-system/kube-controller-manager` first: for more than one server. */
  readonly leaderElect?: boolean;
  readonly metrics?: ControllerMetrics;
}

const LEASE = "kube-system/kube-controller-manager";

/** Resolves when the controllers run or, with leader election, stand for election. */
export async function startControllers(options: StartControllersOptions): Promise<AsyncDisposable> {
  const { transport, log, clock = realClock, metrics, leaderElect = false } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const chosen = select(options);
  const run: RunControllersOptions = { transport, clock, log, signal, ...(metrics && { metrics }) };

  if (!leaderElect) {
    const running = await runControllers(chosen, run);
    return {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await running[Symbol.asyncDispose]();
      },
    };
  }
  const identity = `${hostname()}_${randomUUID()}`;
  const election = electLeader(
    { api: createApi(transport), lease: LEASE, identity, clock, log },
    async (leading) => {
      await using _running = await runControllers(chosen, { ...run, signal: leading });
      await aborted(leading);
    },
    signal,
  ).catch((err: unknown) => log.error("Controllers ended", { err }));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await election;
    },
  };
}

/** All but the disabled ones. Throws for a name no controller has. */
function select({ disable = [], ...settings }: StartControllersOptions): readonly Controller<any>[] {
  const all = controllers(settings);
  for (const name of disable) {
    if (all.some((controller) => controller.name === name)) continue;
    const names = all.map((controller) => controller.name).join(", ");
    throw new RangeError(`Cannot disable controller "${name}": must be one of ${names}`);
  }
  return all.filter(({ name }) => !disable.includes(name));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
