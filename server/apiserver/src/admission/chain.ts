/**
 * The admission chain: every plugin that is on, in order. Order matters: what a plugin finds was left by those above it.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { AdmissionRequest } from "../request.ts";
import type { AdmissionPlugin, World } from "./plugin.ts";

type Operation = AdmissionRequest["operation"];

export class Admission {
  readonly #world: World;
  readonly #mutating: Readonly<Record<Operation, readonly AdmissionPlugin[]>>;
  readonly #validating: Readonly<Record<Operation, readonly AdmissionPlugin[]>>;

  constructor(plugins: readonly AdmissionPlugin[], world: World) {
    this.#world = world;
    this.#mutating = byOperation(plugins.filter((plugin) => plugin.mutate));
    this.#validating = byOperation(plugins.filter((plugin) => plugin.validate));
  }

  /** Lets plugins change `object`, which is undefined for DELETE. Throws ApiError when one refuses. */
  async mutate(object: ApiObject | undefined, request: AdmissionRequest): Promise<void> {
    await this.#mutate(object, request);
    const { reinvocation } = request;
    if (!reinvocation.isWanted) return;
    reinvocation.isRunning = true;
    await this.#mutate(object, request);
  }

  async validate(object: ApiObject | undefined, request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#validating[request.operation]) {
      const waiting = plugin.validate!(object, request, this.#world);
      if (waiting) await waiting;
    }
  }

  async #mutate(object: ApiObject | undefined, request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#mutating[request.operation]) {
      const waiting = plugin.mutate!(object, request, this.#world);
      if (waiting) await waiting;
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
