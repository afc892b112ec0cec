/**
 * Two servers of one etcd, whose clients go to either, under write load; one of them is killed (SIGKILL) and started again, or both, or etcd itself, or
 * one that is only starting; or one's connections to etcd break, with answers on the way, or with writes that may still arrive when they are sent
 * again. What a client has begun at one server it goes on with at the other: writes, lists, watches.
 */

import { setTimeout as delay } from "node:timers/promises";
import { storeCheck } from "@knarr/distro/store/check.ts";
import { BreakableProxy } from "@knarr/store/testing/breakable-proxy.ts";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";
import { Cluster } from "./cluster.ts";
import { KilledServer } from "./killed-server.ts";
import { underLoad, type Survived } from "./load.ts";
import type { Reply, Servers, WatchEvent } from "./servers.ts";
import { startAtLast, strike, type Strikes } from "./strikes.ts";

const OF_ETCD = 0.1;
const OF_CONNECTIONS = 0.2;
const OF_BOTH = 0.1;
/** For so long the other server is alone. */
const ALONE_MS = 300;
/** For so long nothing comes through before the connections break, and what was sent arrives after that. */
const SILENT_MS = 50;
const LATE_MS = 200;

export async function surviveSharedKills(strikes: Strikes): Promise<Survived> {
  await using etcd = await TestEtcd.start();
  using cluster = await Cluster.create(`etcd://${etcd.endpoint}`);
  await using ways = new AsyncDisposableStack();
  const wayToEtcd = async () => ways.use(await BreakableProxy.to(etcd.endpoint));
  const proxies = [await wayToEtcd(), await wayToEtcd()] as const;
  const [way, otherWay] = proxies.map(({ endpoint }) => `etcd://${endpoint}`);
  // One after the other: the first makes the keys.
  await using one = await KilledServer.start(cluster, way);
  await using other = await KilledServer.start(cluster, otherWay);
  const servers = [one, other] as const;
  const survived = await underLoad(new Either(servers), strikes.random, (load) =>
    strike(load, strikes, () => strikeOne({ etcd, proxies, servers }, strikes)),
  );
  await Promise.all(servers.map((server) => server.kill()));
  await using store = await cluster.openStore();
  const { problems } = await storeCheck(store, [], () => {});
  return { ...survived, problems: [...survived.problems, ...problems] };
}

interface Victims {
  readonly etcd: TestEtcd;
  /** Each server's way to it. */
  readonly proxies: readonly [BreakableProxy, BreakableProxy];
  readonly servers: readonly [KilledServer, KilledServer];
}

async function strikeOne({ etcd, proxies, servers }: Victims, { random }: Strikes): Promise<void> {
  if (random.chance(OF_ETCD)) {
    await etcd.kill();
    await etcd.start();
  } else if (random.chance(OF_CONNECTIONS)) {
    const proxy = random.pick(proxies);
    if (random.chance(0.5)) proxy.deafen();
    else proxy.hold();
    await delay(random.below(SILENT_MS));
    const arrive = proxy.break();
    await delay(random.below(LATE_MS));
    arrive();
  } else {
    const victims = random.chance(OF_BOTH) ? servers : [random.pick(servers)];
    await Promise.all(victims.map((server) => server.kill()));
    await delay(random.below(ALONE_MS));
    await Promise.all(victims.map((server) => startAtLast(server, random)));
  }
}

/** By turns one and the other, as long as that runs. */
class Either implements Servers {
  readonly areLate = true;
  readonly #servers: readonly [KilledServer, KilledServer];
  #turn = 0;

  constructor(servers: readonly [KilledServer, KilledServer]) {
    this.#servers = servers;
  }

  async running(): Promise<void> {
    await this.#next();
  }

  async send(method: string, path: string, body?: object): Promise<Reply | undefined> {
    return (await this.#next()).send(method, path, body);
  }

  async follow(path: string, signal: AbortSignal, take: (event: WatchEvent) => void): Promise<void> {
    return (await this.#next()).follow(path, signal, take);
  }

  #next(): Promise<KilledServer> {
    const [one, other] = this.#servers;
    const order = this.#turn++ % 2 === 0 ? [one, other] : [other, one];
    return Promise.race(order.map((server) => server.running().then(() => server)));
  }
}
