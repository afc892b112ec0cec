/** What the API server does to Services before it validates them, with addresses and ports out of thin air. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Service } from "../../generated/core-v1.ts";
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from "../shared/service/facts.ts";
import { settleAllocated, settleIpFamilies } from "../shared/service/network.ts";

let lastPort = 32000;

export function allocate(service: Service, previous: Service | undefined, errors: FieldErrors): void {
  settleAllocated(service, previous);
  settleIpFamilies(service, previous, errors, { primary: "IPv4", isDualStack: false });
  if (errors.list.length) return;
  const spec = service.spec!;
  if (needsClusterIp(service) && !spec.clusterIP) {
    spec.clusterIP = "10.96.0.77";
    spec.clusterIPs = [spec.clusterIP];
  }
  if (needsNodePort(service) && (spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts))
    for (const port of spec.ports ?? []) port.nodePort ||= lastPort++;
  if (needsHealthCheckPort(service)) spec.healthCheckNodePort ||= lastPort++;
}
