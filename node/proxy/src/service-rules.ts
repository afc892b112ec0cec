/**
 * Rules of one Service port: a pure function from what should be reachable to a fragment of the table.
 *
 * Chains, named after a hash of the port's name: `svc-H` spreads over all endpoints, `local-H` over this node's, `ext-H`
 * decides between them for packets from outside, `aff-H-i` keeps a client with its endpoint.
 */

import { createHash } from "node:crypto";
import type { ClusterNetwork } from "./base-rules.ts";
import type { Fragment } from "./ruleset.ts";
import type { ServicePort, Target } from "./service-port.ts";

export function serviceRules(port: ServicePort, { clusterCidr }: ClusterNetwork): Fragment {
  const id = createHash("sha256").update(port.name).digest("hex").slice(0, 16);
  const build = new Builder(port, id);
  const internal = port.internalLocal ? build.local() : build.cluster();
  const at = (address: string): string => `${address} . ${port.protocol} . ${port.port}`;

  build.put("cluster-ips", port.clusterIP, "");
  if (internal) {
    const enter = `in-${id}`;
    // Clients outside the pod network must get their answer from this node, which knows the way back.
    build.chain(enter, [`ip saddr != ${clusterCidr} jump mark-masquerade`, `goto ${internal}`]);
    build.put("services", at(port.clusterIP), `goto ${enter}`);
  } else {
    build.put("refused", at(port.clusterIP), port.targets.length ? "drop" : "goto refuse");
  }

  const outside = external(build, port, id, clusterCidr);
  for (const address of port.externalIPs) {
    if (outside) build.put("services", at(address), `goto ${ranged(build, port, id, outside)}`);
    else build.put("refused", at(address), port.targets.length ? "drop" : "goto refuse");
  }
  if (port.nodePort) {
    const key = `${port.protocol} . ${port.nodePort}`;
    if (outside) build.put("node-ports", key, `goto ${outside}`);
    else build.put("refused-node-ports", key, port.targets.length ? "drop" : "goto refuse");
  }
  for (const { address } of port.targets) build.put("hairpins", `${address} . ${address}`, "");
  return build.fragment;
}

/** The chain for packets that come by node port or external address, if any packet may go anywhere. */
function external(build: Builder, port: ServicePort, id: string, clusterCidr: string): string | undefined {
  if (!port.nodePort && port.externalIPs.length === 0) return undefined;
  const name = `ext-${id}`;
  const cluster = build.cluster();
  if (!cluster) return undefined;
  if (!port.externalLocal) return build.chain(name, ["jump mark-masquerade", `goto ${cluster}`]);
  const local = build.local();
  // The cluster's own pods and nodes are not "outside": Local protects client addresses, not them (kube-proxy does the same).
  return build.chain(name, [
    `ip saddr ${clusterCidr} goto ${cluster}`,
    `fib saddr type local jump mark-masquerade`,
    `fib saddr type local goto ${cluster}`,
    local ? `goto ${local}` : "drop",
  ]);
}

function ranged(build: Builder, { sourceRanges }: ServicePort, id: string, outside: string): string {
  if (sourceRanges.length === 0) return outside;
  return build.chain(`from-${id}`, [`ip saddr { ${sourceRanges.join(", ")} } goto ${outside}`, "drop"]);
}

class Builder {
  readonly #port: ServicePort;
  readonly #id: string;
  readonly #sets = new Map<string, string>();
  readonly #chains = new Map<string, readonly string[]>();
  readonly #elements = new Map<string, Map<string, string>>();

  constructor(port: ServicePort, id: string) {
    this.#port = port;
    this.#id = id;
  }

  get fragment(): Fragment {
    return { sets: this.#sets, chains: this.#chains, elements: this.#elements };
  }

  put(set: string, key: string, value: string): void {
    this.#elements.getOrInsertComputed(set, () => new Map()).set(key, value);
  }

  chain(name: string, rules: readonly string[]): string {
    this.#chains.set(name, rules);
    return name;
  }

  cluster(): string | undefined {
    return this.#spread(`svc-${this.#id}`, this.#port.targets);
  }

  local(): string | undefined {
    return this.#spread(`local-${this.#id}`, this.#port.localTargets);
  }

  /** One endpoint at random per connection; conntrack keeps the connection with it, affinity keeps the client with it. */
  #spread(name: string, targets: readonly Target[]): string | undefined {
    if (targets.length === 0) return undefined;
    if (this.#chains.has(name)) return name;
    const { protocol, affinitySeconds } = this.#port;
    if (affinitySeconds !== undefined) return this.#sticky(name, targets, affinitySeconds);
    const [only] = targets;
    const choices = targets.map(({ address, port }, i) => `${i} : ${address} . ${port}`).join(", ");
    return this.chain(name, [
      targets.length === 1
        ? `meta l4proto ${protocol} dnat ip to ${only!.address}:${only!.port}`
        : `meta l4proto ${protocol} dnat ip to numgen random mod ${targets.length} map { ${choices} }`,
    ]);
  }

  #sticky(name: string, targets: readonly Target[], seconds: number): string {
    const ends = targets.map(({ address, port }) => {
      const end = `aff-${this.#id}-${address.replaceAll(".", "-")}-${port}`;
      this.#sets.set(`${end}-${seconds}`, `type ipv4_addr; flags dynamic,timeout; timeout ${seconds}s;`);
      return this.chain(end, [
        `update @${end}-${seconds} { ip saddr }`,
        `meta l4proto ${this.#port.protocol} dnat ip to ${address}:${port}`,
      ]);
    });
    const pick = ends.map((end, i) => `${i} : goto ${end}`).join(", ");
    return this.chain(name, [
      ...ends.map((end) => `ip saddr @${end}-${seconds} goto ${end}`),
      `numgen random mod ${ends.length} vmap { ${pick} }`,
    ]);
  }
}
