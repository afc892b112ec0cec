/** Services against quotas: their number, and the node ports and load balancers that their type takes. */

import { Quantity } from "@knarr/machinery/quantity.ts";
import type { Service, ServiceSpec } from "../../../generated/core-v1.ts";
import { service } from "../../core/service.ts";
import { countName, type Evaluator } from "./evaluator.ts";
import { ONE, ZERO } from "./usage.ts";

const COUNT = countName("services");
const NAMES: ReadonlySet<string> = new Set([
  COUNT,
  "services",
  "services.nodeports",
  "services.loadbalancers",
]);

export const services: Evaluator<Service> = {
  kind: "services",
  reads: [service],
  mayTrack: (name) => NAMES.has(name),

  usage: ({ spec = {} }) => ({
    [COUNT]: ONE,
    services: ONE,
    "services.nodeports": Quantity.of(nodePorts(spec)),
    "services.loadbalancers": spec.type === "LoadBalancer" ? ONE : ZERO,
  }),

  isCharged: ({ subresource }) => subresource === "",
};

/** Those that it will get: at admission they are not allocated yet. */
function nodePorts({ type, allocateLoadBalancerNodePorts: allocates, ports }: ServiceSpec): number {
  const all = ports ?? [];
  if (type === "NodePort" || (type === "LoadBalancer" && allocates !== false)) return all.length;
  return type === "LoadBalancer" ? all.filter(({ nodePort }) => nodePort).length : 0;
}
