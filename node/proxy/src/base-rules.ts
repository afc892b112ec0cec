/**
 * The fixed part of the table: which hooks packets pass, and the maps that services and host ports fill.
 *
 *     packet to 10.43.0.9:80 ── nat-prerouting / nat-output ─→ services ─→ svc-… ─→ dnat to an endpoint
 *                            └─ no endpoint: filter-forward / filter-output ─→ refused ─→ reject
 *     packet to a node port  ── nat-prerouting / nat-output ─→ node-ports ─→ ext-… ─→ svc-… or local-…
 *     on its way out         ── nat-postrouting: masquerade what is marked, hairpins, and pods that leave the cluster
 *
 * Priorities are numbers because nft 1.0.6 refuses names such as `dstnat` on some hooks. Mark 0x4000 is kube-proxy's
 * and is cleared before the packet leaves (kubernetes#92035: an overlay would translate it twice).
 */

import { TABLE } from "./ruleset.ts";

const MASQUERADE_MARK = "0x4000";

const ADDRESS_PORT = "ipv4_addr . inet_proto . inet_service";
const PORT = "inet_proto . inet_service";

const maps: readonly (readonly [name: string, type: string])[] = [
  ["services", `type ${ADDRESS_PORT} : verdict`],
  ["node-ports", `type ${PORT} : verdict`],
  ["refused", `type ${ADDRESS_PORT} : verdict`],
  ["refused-node-ports", `type ${PORT} : verdict`],
  ["host-ports", `type ${PORT} : ipv4_addr . inet_service`],
  ["host-address-ports", `type ${ADDRESS_PORT} : ipv4_addr . inet_service`],
];

const sets: readonly (readonly [name: string, type: string])[] = [
  ["cluster-ips", "type ipv4_addr"],
  ["hairpins", "type ipv4_addr . ipv4_addr"],
];

const DESTINATION = "ip daddr . meta l4proto . th dport";
const LOCAL_PORT = "meta l4proto . th dport";

/** NodePorts do not answer on loopback: that would need route_localnet, which opens the node's own services to its neighbours. */
const TO_NODE = "fib daddr type local ip daddr != 127.0.0.0/8";

const translate = [
  `${DESTINATION} vmap @services`,
  `${TO_NODE} ${LOCAL_PORT} vmap @node-ports`,
  `dnat ip to ${DESTINATION} map @host-address-ports`,
  `${TO_NODE} dnat ip to ${LOCAL_PORT} map @host-ports`,
];

export interface ClusterNetwork {
  /** Pods of the whole cluster, e.g. 10.42.0.0/16. */
  readonly clusterCidr: string;
  /** Pods of this node, e.g. 10.42.0.0/24. */
  readonly podCidr: string;
}

/** The text that makes the table anew, emptied of whatever an earlier life left in it. */
export function baseRules({ clusterCidr, podCidr }: ClusterNetwork): string {
  const chain = (name: string, hook: string, rules: readonly string[]): string =>
    `add chain ${TABLE} ${name} { ${hook}; }\n${rules.map((rule) => `add rule ${TABLE} ${name} ${rule}\n`).join("")}`;
  return [
    `add table ${TABLE}\ndelete table ${TABLE}\nadd table ${TABLE}\n`,
    ...maps.map(([name, type]) => `add map ${TABLE} ${name} { ${type}; }\n`),
    ...sets.map(([name, type]) => `add set ${TABLE} ${name} { ${type}; }\n`),
    `add chain ${TABLE} refuse\nadd rule ${TABLE} refuse reject\n`,
    `add chain ${TABLE} mark-masquerade\nadd rule ${TABLE} mark-masquerade meta mark set mark or ${MASQUERADE_MARK}\n`,
    chain("nat-prerouting", "type nat hook prerouting priority -100", translate),
    chain("nat-output", "type nat hook output priority -100", translate),
    chain("nat-postrouting", "type nat hook postrouting priority 100", [
      `meta mark and ${MASQUERADE_MARK} == ${MASQUERADE_MARK} meta mark set mark xor ${MASQUERADE_MARK} masquerade fully-random`,
      "ip saddr . ip daddr @hairpins masquerade fully-random",
      `ip saddr ${podCidr} ip daddr != ${clusterCidr} fib daddr type != local masquerade fully-random`,
    ]),
    chain("filter-input", "type filter hook input priority -110", [
      `ct state new ${TO_NODE} ${LOCAL_PORT} vmap @refused-node-ports`,
      `ct state new ${DESTINATION} vmap @refused`,
    ]),
    chain("filter-forward", "type filter hook forward priority -110", [
      `ct state new ${DESTINATION} vmap @refused`,
      "ct state new ip daddr @cluster-ips reject",
    ]),
    chain("filter-output", "type filter hook output priority -110", [
      `ct state new ${DESTINATION} vmap @refused`,
      `ct state new ${TO_NODE} ${LOCAL_PORT} vmap @refused-node-ports`,
    ]),
    // After DNAT: what still goes to a cluster address goes to a port that no service has.
    chain("filter-output-translated", "type filter hook output priority -90", [
      "ct state new ip daddr @cluster-ips reject",
    ]),
  ].join("");
}

/** The text that takes the table away, also when it is not there. */
export const removeRules = `add table ${TABLE}\ndelete table ${TABLE}\n`;
