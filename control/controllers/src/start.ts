/**
 * Runs all controllers of the control plane until stopped: at once, or only while this process holds the leader lease.
 *
 * With leader election, losing the lease stops the controllers and stands for election again; nothing else of the process is
 * touched.
 */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Controller } from "@knarr/client/controller.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { discover } from "@knarr/client/discovery.ts";
import { electLeader } from "@knarr/client/leader-election.ts";
import { runControllers, type ControllerMetrics } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Authority } from "@knarr/std/x509/sign-certificate.ts";
import { controllers, everyController } from "./controllers.ts";
import { GARBAGE_COLLECTOR, startGarbageCollector } from "./garbage-collector/garbage-collector.ts";

export interface StartControllersOptions {
  readonly transport: Transport;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** PEM of the authority that signs the API server's certificate; every namespace gets it. */
  readonly rootCaPem: string;
  /** Signs approved CertificateSigningRequests; without it they stay unsigned. */
  readonly signingAuthority?: Authority;
  /** Names of controllers to leave out. */
  readonly disable?: readonly string[];
  /** Wait for the Lease `kube-system/kube-controller-manager` first: for more than one server. */
  readonly leaderElect?: boolean;
  readonly metrics?: ControllerMetrics;
}

export interface RunningControlPlane extends AsyncDisposable {
  /** No controller has anything to do that it knows of; false while standing for election. */
  readonly idle: boolean;
}

const LEASE = "kube-system/kube-controller-manager";

/** Resolves when the controllers run or, with leader election, stand for election. */
export async function startControllers(options: StartControllersOptions): Promise<RunningControlPlane> {
  const { transport, log, clock = realClock, leaderElect = false } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const chosen = await select(options, signal);
  let running: RunningControlPlane | undefined;

  if (!leaderElect) {
    const all = (running = await runAll(chosen, options, signal));
    return {
      get idle() {
        return all.idle;
      },
      async [Symbol.asyncDispose]() {
        stop.abort();
        await all[Symbol.asyncDispose]();
      },
    };
  }
  const identity = `${hostname()}_${randomUUID()}`;
  const election = electLeader(
    { api: createApi(transport), lease: LEASE, identity, clock, log },
    async (leading) => {
      await using all = await runAll(chosen, options, leading);
      running = all;
      await aborted(leading);
      running = undefined;
    },
    signal,
  ).catch((err: unknown) => log.error("Controllers ended", { err }));
  return {
    get idle() {
      return running?.idle ?? false;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await election;
    },
  };
}

interface Chosen {
  readonly controllers: readonly Controller<any>[];
  readonly collectsGarbage: boolean;
}

async function runAll(
  chosen: Chosen,
  { transport, log, clock = realClock, metrics }: StartControllersOptions,
  signal: AbortSignal,
): Promise<RunningControlPlane> {
  await using stack = new AsyncDisposableStack();
  const base = { transport, clock, log, signal };
  const running = stack.use(
    await runControllers(chosen.controllers, { ...base, ...(metrics && { metrics }) }),
  );
  const collector = chosen.collectsGarbage
    ? stack.use(await startGarbageCollector({ ...base, metrics }))
    : undefined;
  const all = stack.move();
  return {
    get idle() {
      return running.idle && (collector?.idle ?? true);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** All but the disabled ones, and those for kinds that the server does not have. Throws for a name no controller has. */
async function select(
  { disable = [], rootCaPem, signingAuthority, transport }: StartControllersOptions,
  signal: AbortSignal,
): Promise<Chosen> {
  const { resources } = await discover(transport, signal);
  const all = controllers({
    rootCaPem,
    signingAuthority,
    serves: ({ group, version, plural }) =>
      resources.some((one) => one.group === group && one.version === version && one.plural === plural),
    discover: (within) => discover(transport, within),
  });
  const names = [...everyController().map(({ name }) => name), GARBAGE_COLLECTOR];
  for (const name of disable) {
    if (!names.includes(name)) {
      throw new RangeError(`Cannot disable controller "${name}": must be one of ${names.join(", ")}`);
    }
  }
  return {
    controllers: all.filter(({ name }) => !disable.includes(name)),
    collectsGarbage: !disable.includes(GARBAGE_COLLECTOR),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
