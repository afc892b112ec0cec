/**
 * The service proxy of one node: watches Services, EndpointSlices and this node's pods, and keeps the kernel's table at
 * what they say. One changed Service recomputes its own rules only; changes that come together are loaded together.
 *
 * Leaves to others: allocating addresses and ports (the API server), answering DNS, network policy.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { Informers } from "@knarr/client/informers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import type { Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { baseRules, removeRules, type ClusterNetwork } from "./base-rules.ts";
import { forgetFlows, staleFlows } from "./conntrack.ts";
import { HealthChecks } from "./health-check.ts";
import { hostPortRules } from "./host-ports.ts";
import { Loader, nft } from "./loader.ts";
import * as resources from "@knarr/client/named-resources.ts";
import { nothing, Ruleset, type Fragment } from "./ruleset.ts";
import { servicePorts, type ServicePort } from "./service-port.ts";
import { serviceRules } from "./service-rules.ts";

export interface ProxyOptions extends ClusterNetwork {
  /** May watch Services and EndpointSlices. */
  readonly transport: Transport;
  /** May watch the pods of this node: the node's own, since no proxy needs to see other nodes' pods. */
  readonly podTransport: Transport;
  readonly nodeName: string;
  /** Cluster addresses that this node answers itself (DNS): their Services get no rules. */
  readonly ownAddresses: readonly string[];
  readonly log: Logger;
  readonly clock?: Clock;
}

const slicesByService = defineIndex({
  name: "slices by service",
  of: resources.endpointSlices,
  values: ({ metadata }) => {
    const name = metadata.labels?.["kubernetes.io/service-name"];
    return [name && `${metadata.namespace}/${name}`];
  },
});

/** Resolves when the rules of everything that exists are in the kernel. Disposing of it leaves them there: pods go on running. */
export async function startProxy(options: ProxyOptions): Promise<AsyncDisposable> {
  const { transport, podTransport, nodeName, log, clock = realClock } = options;
  enableForwarding();
  const stop = new AbortController();
  const informers = new Informers({ transport, clock, log });
  const services = informers.informer(resources.services);
  const slices = informers.informer(resources.endpointSlices);
  slices.addIndex(slicesByService);
  const ownPods = new Informers({ transport: podTransport, clock, log });
  const pods = ownPods.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  await Promise.all([informers.waitForList(stop.signal), ownPods.waitForList(stop.signal)]);

  const rules = new Ruleset();
  const loader = new Loader({ rules, base: baseRules(options), log, clock, signal: stop.signal });
  const healthChecks = new HealthChecks(log);
  const proxy = new Proxy(options, rules, healthChecks);
  const serviceOf = (key: string): void =>
    proxy.setService(key, services.get(key), slices.by(slicesByService, key));

  for (const object of services.list()) serviceOf(keyOf(object));
  for (const object of pods.list()) proxy.setPod(keyOf(object), object);
  await loader.start();
  proxy.takeStaleFlows(); // nothing was loaded before, so nothing can be stale by our doing

  const load = (): void => {
    const flows = proxy.takeStaleFlows();
    loader
      .load()
      .then(() => Promise.all(flows.map(forgetFlows)))
      .catch((err) => log.error("Service rules could not be loaded", { err }));
  };
  // One load for all that a batch of events brings.
  let isPlanned = false;
  const plan = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      load();
    });
  };
  services.subscribe(({ object }) => (serviceOf(keyOf(object)), plan()));
  slices.subscribe(({ object }) => {
    for (const key of slicesByService.values(object)) if (key) serviceOf(key);
    plan();
  });
  pods.subscribe(
    ({ type, object }) => (proxy.setPod(keyOf(object), type === "removed" ? undefined : object), plan()),
  );

  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await informers[Symbol.asyncDispose]();
      await ownPods[Symbol.asyncDispose]();
      await healthChecks[Symbol.asyncDispose]();
    },
  };
}

/** Takes every rule away: for a node that stops being one. */
export function removeProxyRules(): Promise<void> {
  return nft(removeRules);
}

/** What is known of each Service and pod, turned into fragments of the ruleset. */
class Proxy {
  readonly #options: ProxyOptions;
  readonly #rules: Ruleset;
  readonly #healthChecks: HealthChecks;
  readonly #ports = new Map<string, ReadonlyMap<string, ServicePort>>();
  #staleFlows: string[][] = [];

  constructor(options: ProxyOptions, rules: Ruleset, healthChecks: HealthChecks) {
    this.#options = options;
    this.#rules = rules;
    this.#healthChecks = healthChecks;
  }

  setService(key: string, object: Service | undefined, slices: Parameters<typeof servicePorts>[1]): void {
    const isOwn =
      object?.spec?.clusterIP !== undefined && this.#options.ownAddresses.includes(object.spec.clusterIP);
    const ports = object && !isOwn ? servicePorts(object, slices, this.#options.nodeName) : [];
    const before = this.#ports.get(key);
    const after = new Map(ports.map((port) => [port.name, port]));
    for (const name of new Set([...(before?.keys() ?? []), ...after.keys()])) {
      const now = after.get(name);
      this.#staleFlows.push(...staleFlows(before?.get(name), now));
      this.#rules.replace(`service ${name}`, now ? serviceRules(now, this.#options) : nothing);
    }
    if (after.size) this.#ports.set(key, after);
    else this.#ports.delete(key);
    const local = new Set(ports.flatMap(({ localTargets }) => localTargets.map(({ address }) => address)));
    this.#healthChecks.set(key, (object && object.spec?.healthCheckNodePort) || 0, local.size);
  }

  setPod(key: string, object: Pod | undefined): void {
    const fragment: Fragment = object ? hostPortRules(object) : nothing;
    this.#rules.replace(`pod ${key}`, fragment);
  }

  takeStaleFlows(): string[][] {
    const flows = this.#staleFlows;
    this.#staleFlows = [];
    return flows;
  }
}

/** Pods are routed: without this the kernel drops what it should pass on. Written only when it differs: /proc/sys may be read-only. */
function enableForwarding(): void {
  const file = "/proc/sys/net/ipv4/ip_forward";
  if (readFileSync(file, "utf8").trim() !== "1") writeFileSync(file, "1");
}
