/** ComponentStatus: the store, and the parts of the control plane that the server knows how to ask. */

import type { ComponentStatus } from "@knarr/kinds/generated/core-v1.ts";
import { notFound } from "@knarr/machinery/status.ts";
import type { Caches } from "../../cache/cache.ts";
import { defineHooks, type RegistryHooks } from "../hooks.ts";
import { probe } from "./probe.ts";

export interface Health {
  readonly isHealthy: boolean;
  readonly message: string;
}

export type HealthCheck = () => Health | Promise<Health>;

/** Where upstream's parts answer, should they run beside this server. */
const upstreamParts: Readonly<Record<string, HealthCheck>> = {
  scheduler: () => probe(10259),
  "controller-manager": () => probe(10257),
};

/** `own` are checks of parts that are known otherwise. */
export function componentStatusHooks(
  caches: Caches,
  own: Readonly<Record<string, HealthCheck>> = {},
): RegistryHooks<ComponentStatus> {
  const checks = { ...upstreamParts, ...own, "etcd-0": storeCheck(caches) };
  const statusOf = async (name: string, check: HealthCheck): Promise<ComponentStatus> => {
    const { isHealthy, message } = await check();
    const status = isHealthy ? "True" : "False";
    return {
      kind: "ComponentStatus",
      apiVersion: "v1",
      metadata: { name },
      conditions: [{ type: "Healthy", status, message }],
    };
  };
  return defineHooks<ComponentStatus>({
    computed: {
      list: () => Promise.all(Object.entries(checks).map(([name, check]) => statusOf(name, check))),
      async get({ name }) {
        const check = new Map(Object.entries(checks)).get(name);
        if (!check) throw notFound({ group: "", resource: "componentstatus" }, name);
        return statusOf(name, check);
      },
    },
  });
}

function storeCheck(caches: Caches): HealthCheck {
  let broken: string | undefined;
  caches.failed.catch((err: Error) => (broken = err.message));
  return () => {
    const problem = broken ?? caches.trouble;
    return { isHealthy: problem === undefined, message: problem ?? "ok" };
  };
}
