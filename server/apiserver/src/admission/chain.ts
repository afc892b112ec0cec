/**
 * The admission chain: every plugin that is on, in order. Order matters: what a plugin finds was left by those above it.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
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

  /** Lets plugins change `object`, which is undefined for DELETE. Throws ApiError when one refuses. */
  async mutate(object: ApiObject | undefined, request: AdmissionRequest): Promise<void> {
    const plugins = this.#mutating[request.operation];
    const { reinvocation } = request;
    const pass = async (): Promise<void> => {
      for (const plugin of plugins) {
        const waiting = plugin.mutate!(object, request, this.#world);
        if (waiting) await this.#metrics.controller([plugin.name, "admit", request.operation], waiting);
      }
    };
    await this.#timed("admit", request, async () => {
      await pass();
      if (!reinvocation.isWanted) return;
      reinvocation.isRunning = true;
      await pass();
    });
  }

  async validate(object: ApiObject | undefined, request: AdmissionRequest): Promise<void> {
    await this.#timed("validate", request, async () => {
      for (const plugin of this.#validating[request.operation]) {
        const waiting = plugin.validate!(object, request, this.#world);
        if (waiting) await this.#metrics.controller([plugin.name, "validate", request.operation], waiting);
      }
    });
  }

  async #timed(
    type: "admit" | "validate",
    request: AdmissionRequest,
    step: () => Promise<void>,
  ): Promise<void> {
    const started = performance.now();
    let isRejected = true;
    try {
      await step();
      isRejected = false;
    } finally {
      const spent = performance.now() - started;
      request.took(type === "admit" ? "mutating" : "validating", spent);
      this.#metrics.step(type, request.operation, spent / 1000, isRejected);
    }
  }
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
