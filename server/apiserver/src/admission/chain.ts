/**
 * The admission chain: every plugin that is on, in order. Order matters: what a plugin finds was left by those above it.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { after, settled } from "../pipeline/at-once.ts";
import type { AdmissionRequest } from "../request.ts";
import type { AdmissionMetrics } from "./metrics.ts";
import type { AdmissionPlugin, World } from "./plugin.ts";

type Operation = AdmissionRequest["operation"];

export interface AdmissionParts {
  readonly world: World;
  readonly metrics: AdmissionMetrics;
}

export class Admission {
  readonly #world: World;
  readonly #metrics: AdmissionMetrics;
  readonly #mutating: Readonly<Record<Operation, readonly AdmissionPlugin[]>>;
  readonly #validating: Readonly<Record<Operation, readonly AdmissionPlugin[]>>;

  constructor(plugins: readonly AdmissionPlugin[], { world, metrics }: AdmissionParts) {
    this.#world = world;
    this.#metrics = metrics;
    this.#mutating = byOperation(plugins.filter((plugin) => plugin.mutate));
    this.#validating = byOperation(plugins.filter((plugin) => plugin.validate));
  }

  /** Lets plugins change `object`, which is undefined for DELETE; at once when none of them waits. Throws ApiError when one refuses. */
  mutate(object: ApiObject | undefined, request: AdmissionRequest): void | Promise<void> {
    const { reinvocation } = request;
    const round: Round = {
      type: "admit",
      request,
      plugins: this.#mutating[request.operation],
      ask: (plugin) => plugin.mutate!(object, request, this.#world),
    };
    return this.#timed(round, () =>
      after(this.#askFrom(0, round), () => {
        if (!reinvocation.isWanted) return;
        reinvocation.isRunning = true;
        return this.#askFrom(0, round);
      }),
    );
  }

  validate(object: ApiObject | undefined, request: AdmissionRequest): void | Promise<void> {
    const round: Round = {
      type: "validate",
      request,
      plugins: this.#validating[request.operation],
      ask: (plugin) => plugin.validate!(object, request, this.#world),
    };
    return this.#timed(round, () => this.#askFrom(0, round));
  }

  /** Asks one plugin after the other, those from `start` on. */
  #askFrom(start: number, round: Round): void | Promise<void> {
    const { type, request, plugins, ask } = round;
    for (let i = start; i < plugins.length; i++) {
      const plugin = plugins[i]!;
      if (plugin.concerns?.(request, this.#world) === false) continue;
      const waiting = ask(plugin);
      if (!waiting) continue;
      const asked = this.#metrics.controller([plugin.name, type, request.operation], waiting);
      return asked.then(() => this.#askFrom(i + 1, round));
    }
  }

  #timed({ type, request }: Round, step: () => void | Promise<void>): void | Promise<void> {
    const started = performance.now();
    let isRejected = true;
    return settled(
      () => after(step(), () => void (isRejected = false)),
      () => {
        const spent = performance.now() - started;
        request.took(type === "admit" ? "mutating" : "validating", spent);
        this.#metrics.step(type, request.operation, spent / 1000, isRejected);
      },
    );
  }
}

/** What is asked of plugins for one request. */
interface Round {
  readonly type: "admit" | "validate";
  readonly request: AdmissionRequest;
  readonly plugins: readonly AdmissionPlugin[];
  ask(plugin: AdmissionPlugin): void | Promise<void>;
}

function byOperation(
  plugins: readonly AdmissionPlugin[],
): Readonly<Record<Operation, readonly AdmissionPlugin[]>> {
  const those = (operation: Operation): AdmissionPlugin[] =>
    plugins.filter(({ handles }) => handles.includes(operation));
  return {
    CREATE: those("CREATE"),
    UPDATE: those("UPDATE"),
    DELETE: those("DELETE"),
    CONNECT: those("CONNECT"),
  };
}
