/** Host ports of the pods on this node, as elements of the table's maps. The last pod that claims a port has it. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { nothing, type Fragment } from "./ruleset.ts";

export function hostPortRules(pod: Pod): Fragment {
  const address = pod.status?.podIP;
  const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  if (!address || address.includes(":") || ended || pod.spec?.hostNetwork) return nothing;
  const anywhere = new Map<string, string>();
  const somewhere = new Map<string, string>();
  const containers = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always"),
  ];
  for (const { containerPort, hostPort, hostIP, protocol = "TCP" } of containers.flatMap(
    (c) => c.ports ?? [],
  )) {
    if (!hostPort) continue;
    const key = `${protocol.toLowerCase()} . ${hostPort}`;
    const target = `${address} . ${containerPort}`;
    if (!hostIP || hostIP === "0.0.0.0") anywhere.set(key, target);
    else if (!hostIP.includes(":")) somewhere.set(`${hostIP} . ${key}`, target);
  }
  if (anywhere.size + somewhere.size === 0) return nothing;
  return {
    elements: new Map([
      ["host-ports", anywhere],
      ["host-address-ports", somewhere],
      ["hairpins", new Map([[`${address} . ${address}`, ""]])],
    ]),
  };
}
