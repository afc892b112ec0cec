/** Which node ports a Service gets and gives back. */

import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import type { ServicePort } from "@knarr/kinds/generated/core-v1.ts";
import { needsNodePort } from "@knarr/kinds/shared/service/facts.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { internalError, invalid, plain500 } from "@knarr/machinery/status.ts";
import type { Stored } from "./service-hooks.ts";
import type { Taking } from "./taking.ts";

/** On create. The same port in two protocols (DNS) gets the same node port. */
export function allocateNodePorts(service: Stored, taking: Taking): void {
  const ports = service.spec.ports ?? [];
  const given = new Map<number, number>();
  ports.forEach((port, i) => {
    if (!port.nodePort && !wantsNodePorts(service)) return;
    const before = given.get(port.port);
    if (before !== undefined) {
      if (!port.nodePort) port.nodePort = before;
      else if (port.nodePort !== before) takePort(service, i, port.nodePort, taking);
      return;
    }
    const wanted = ports.find((other) => other.port === port.port && other.nodePort)?.nodePort;
    if (wanted) takePort(service, i, wanted, taking);
    port.nodePort = wanted ?? anyPort(taking, "a nodePort");
    given.set(port.port, port.nodePort);
  });
}

/** On update: what is new is taken, what is gone is given back. */
export function updateNodePorts(service: Stored, previous: Stored, taking: Taking): void {
  const before = numbersOf(previous);
  if (!needsNodePort(service)) {
    if (needsNodePort(previous)) for (const port of before) taking.giveUp(port);
    return;
  }
  const taken = new Set<number>();
  const seen = new Set<string>();
  (service.spec.ports ?? []).forEach((port, i) => {
    if (!port.nodePort && !wantsNodePorts(service)) return;
    if (!port.nodePort) {
      port.nodePort = anyPort(taking, "a nodePort");
    } else if (!before.has(port.nodePort) && !taken.has(port.nodePort)) {
      takePort(service, i, port.nodePort, taking);
      taken.add(port.nodePort);
    }
    const key = `${port.protocol}/${port.nodePort}`;
    if (seen.has(key)) throw plain500(`duplicate nodePort: {${port.protocol} ${port.nodePort}}`);
    seen.add(key);
  });
  const after = numbersOf(service);
  for (const port of before) if (!after.has(port)) taking.giveUp(port);
}

export function takeHealthCheckPort({ spec }: Stored, taking: Taking): void {
  const wanted = spec.healthCheckNodePort;
  if (!wanted) {
    spec.healthCheckNodePort = anyPort(taking, "a HealthCheck NodePort");
    return;
  }
  const problem = problemWith(wanted, taking);
  if (problem)
    throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${wanted}: ${problem}`));
}

function takePort(service: Stored, index: number, port: number, taking: Taking): void {
  const problem = problemWith(port, taking);
  if (!problem) return;
  const errors = new FieldErrors();
  errors.at("spec").at("ports").at(index).at("nodePort").invalid(port, problem);
  throw invalid(serviceKind, service.metadata.name ?? "", errors.list);
}

function problemWith(port: number, taking: Taking): string | undefined {
  // a dry run of upstream only asks whether the port is taken
  const { pool, dryRun } = taking;
  if (!pool.contains(port) && !dryRun)
    return `provided port is not in the valid range. The range of valid ports is ${pool.first}-${pool.last}`;
  return taking.take(port) ? undefined : "provided port is already allocated";
}

function anyPort(taking: Taking, what: string): number {
  const port = taking.takeAny();
  if (port === undefined) throw internalError(new Error(`failed to allocate ${what}: range is full`));
  return port;
}

function wantsNodePorts({ spec }: Stored): boolean {
  return (
    spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false)
  );
}

function numbersOf({ spec }: Stored): Set<number> {
  return new Set((spec.ports ?? []).flatMap(({ nodePort }: ServicePort) => nodePort || []));
}
