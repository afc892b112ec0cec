/** Ports of the node that pods take for themselves. */

import type { Pod } from "../../../generated/core-v1.ts";

export interface HostPort {
  /** `0.0.0.0`: all addresses of the node. */
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** Of containers and sidecars: init containers are over when these begin. */
export function hostPortsOf(pod: Pod): readonly HostPort[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const ports: HostPort[] = [];
  for (const container of [...containers, ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort) ports.push({ ip: hostIP || ALL, protocol: protocol || "TCP", port: hostPort });
    }
  }
  return ports;
}

/** Whether one node cannot give both. */
export function clash(a: HostPort, b: HostPort): boolean {
  const isSameAddress = a.ip === b.ip || a.ip === ALL || b.ip === ALL;
  return a.port === b.port && a.protocol === b.protocol && isSameAddress;
}

const ALL = "0.0.0.0";
