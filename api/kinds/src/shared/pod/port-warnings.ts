/** Ports that are declared twice, or so that nobody knows which is meant. */

import type { ContainerPort, PodSpec } from "../../../generated/core-v1.ts";

interface Declared {
  readonly path: string;
  readonly port: ContainerPort;
}

export function portWarnings(spec: PodSpec, specPath: string, warn: (text: string) => void): void {
  const declared: Declared[] = [];
  for (const list of ["initContainers", "containers", "ephemeralContainers"] as const)
    (spec[list] ?? []).forEach(({ ports = [] }, i) =>
      ports.forEach((port, j) => declared.push({ path: `${specPath}.${list}[${i}].ports[${j}]`, port })),
    );
  declared.forEach(({ path, port }, i) => {
    if (port.hostIP && !port.hostPort) warn(`${path}: hostIP set without hostPort: ${goForm(port)}`);
    for (const other of declared.slice(0, i)) {
      const text = relation(port, other.port);
      if (text) warn(`${path}: ${text} port definition with ${other.path}`);
    }
  });
  const names = new Map<string, string>();
  for (const { path, port } of declared) {
    if (!port.name) continue;
    const first = names.get(port.name);
    if (first === undefined) names.set(port.name, path);
    else
      warn(
        `${path}: duplicate port name ${JSON.stringify(port.name)} with ${first}, services and probes that select ports by name will use ${first}`,
      );
  }
}

function relation(a: ContainerPort, b: ContainerPort): string | undefined {
  if (a.containerPort !== b.containerPort || a.protocol !== b.protocol) return undefined;
  const [hostA, hostB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? "", b.hostIP ?? ""];
  if (ipA === ipB && hostA === hostB) return "duplicate";
  if (!hostA || !hostB) return "overlapping";
  return hostA === hostB && (!ipA || !ipB) ? "dangerously ambiguous" : undefined;
}

/** Upstream prints the struct. */
function goForm({
  name = "",
  hostPort = 0,
  containerPort,
  protocol = "",
  hostIP = "",
}: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}
