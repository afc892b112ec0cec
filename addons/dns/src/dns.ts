/**
 * The cluster's DNS on one node: `startDns` watches Services, EndpointSlices and namespaces, listens on the given addresses, and
 * forwards what is not the cluster's to the node's name servers.
 *
 * It goes on with what it knows while the API is away. Until the first lists are there, questions about the cluster are answered SERVFAIL, which
 * clients ask again; questions about the world are answered from the start.
 */

import { BlockList, isIPv6 } from "node:net";
import { Informers } from "@knarr/client/informers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { addressBytes } from "./address.ts";
import { ClusterIndex } from "./cluster-index.ts";
import { ClusterZone } from "./cluster-zone.ts";
import { Forwarder } from "./forwarder.ts";
import { Listener } from "./listener.ts";
import { Resolver } from "./resolver.ts";
import { endpointSlices, namespaces, services } from "@knarr/client/named-resources.ts";
import { nodeUpstreams, watchUpstreams } from "./upstreams.ts";

export interface DnsOptions {
  readonly transport: Transport;
  /** The cluster DNS address, and any other to listen on. */
  readonly addresses: readonly string[];
  readonly port?: number;
  readonly clusterDomain?: string;
  /** Default: the node's own, followed as they change. */
  readonly upstreams?: readonly string[];
  /** Reverse names in these networks are never asked of others. */
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly clock?: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Dns extends AsyncDisposable {
  /** Of the first address. */
  readonly port: number;
  /** Resolves when the cluster's names are known. */
  readonly synced: Promise<void>;
}

/** Resolves when it listens. Ends when it is disposed of, or `signal` aborts. */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const {
    transport,
    addresses,
    port = 53,
    clusterDomain = "cluster.local",
    clock = realClock,
    log,
    signal,
  } = options;
  await using started = new AsyncDisposableStack();
  const stop = started.adopt(new AbortController(), (controller) => controller.abort());
  const ended = AbortSignal.any([signal, stop.signal]);

  const forwarder = new Forwarder({ clock, signal: ended });
  started.use(await followUpstreams(forwarder, options));

  let isSynced = false;
  const index = new ClusterIndex(() => resolver.forget());
  const zone = new ClusterZone(
    {
      domain: clusterDomain,
      addresses: addresses.map(addressBytes).filter((address) => address !== undefined),
      owns: networksOf(options),
    },
    index,
  );
  const resolver: Resolver = new Resolver({ zone, forwarder, isSynced: () => isSynced });
  const informers = started.use(new Informers({ transport, clock, log }));
  watchCluster(informers, index);
  const synced = informers.waitForList(ended).then(() => {
    isSynced = true;
    log.info("Knows the cluster's names");
  });
  synced.catch(() => {}); // stopped before it was: nobody needs to be told

  const listeners: Listener[] = [];
  for (const address of addresses)
    listeners.push(started.use(await Listener.start({ address, port, resolver, log, clock }, ended)));
  const held = started.move();
  signal.addEventListener("abort", () => void held.disposeAsync(), { once: true });
  return { port: listeners[0]!.port, synced, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function watchCluster(informers: Informers, index: ClusterIndex): void {
  informers.informer(namespaces, { metadataOnly: true }).subscribe(({ type, object }) => {
    if (type === "removed") index.removeNamespace(object);
    else if (type === "added") index.setNamespace(object);
  });
  informers.informer(services).subscribe(({ type, object }) => {
    if (type === "removed") index.removeService(object);
    else index.setService(object);
  });
  informers.informer(endpointSlices).subscribe(({ type, object, previous }) => {
    if (type === "removed") index.removeSlice(object);
    else index.setSlice(object, previous);
  });
}

async function followUpstreams(forwarder: Forwarder, options: DnsOptions): Promise<Disposable> {
  const { upstreams, addresses, log } = options;
  if (upstreams) {
    forwarder.setUpstreams(upstreams);
    return { [Symbol.dispose]() {} };
  }
  let last = "";
  const read = async () => {
    const found = await nodeUpstreams(addresses);
    if (found.join() === last && last !== "") return;
    last = found.join();
    forwarder.setUpstreams(found);
    if (found.length) log.info("Forwards to the node's name servers", { servers: found.join(", ") });
    else log.error("Found no name server on this node: names outside the cluster cannot be resolved");
  };
  await read();
  return watchUpstreams(() => void read().catch((err) => log.error("Name servers were not read", { err })));
}

function networksOf({ podCidr, serviceCidr }: DnsOptions): (address: Uint8Array) => boolean {
  const networks = new BlockList();
  for (const cidr of [podCidr, serviceCidr]) {
    const [network, length] = (cidr ?? "").split("/");
    if (network && length) networks.addSubnet(network, Number(length), isIPv6(network) ? "ipv6" : "ipv4");
  }
  return (address) =>
    address.length === 4
      ? networks.check(address.join("."), "ipv4")
      : networks.check(Buffer.from(address).toString("hex").match(/.{4}/g)!.join(":"), "ipv6");
}
