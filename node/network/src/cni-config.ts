/**
 * The CNI configuration of pods' network: a routed veth pair per pod (`ptp`), addresses from the node's own range (`host-local`).
 *
 * No masquerading and no host ports here: CNI's plugins know only iptables, and the proxy's nft tables do both. With `ptp` every packet,
 * also between pods of one node, is routed, and so crosses the forward hook. Pure.
 */

export const NETWORK_NAME = "knarr";

export interface CniOptions {
  /** One range per address family. */
  readonly podCIDRs: readonly string[];
  /** Where `host-local` keeps what is given out; best emptied by a reboot, as pods are. */
  readonly dataDir: string;
  /** Default: the kernel's; less where packets between nodes are wrapped. */
  readonly mtu?: number;
}

export function cniConfig({ podCIDRs, dataDir, mtu }: CniOptions): string {
  const ipam = {
    type: "host-local",
    dataDir,
    ranges: podCIDRs.map((subnet) => [{ subnet }]),
    routes: podCIDRs.map((subnet) => ({ dst: subnet.includes(":") ? "::/0" : "0.0.0.0/0" })),
  };
  const ptp = { type: "ptp", ipMasq: false, ...(mtu !== undefined && { mtu }), ipam };
  return `${JSON.stringify({ cniVersion: "1.0.0", name: NETWORK_NAME, plugins: [ptp] }, undefined, 2)}\n`;
}
