/**
 * Two servers of one etcd, whose clients go to either, under write load; one of them is killed (SIGKILL) and started again, or both, or etcd itself, or
 * one that is only starting; or all connections to etcd break, with answers on the way. What a client has begun at one server it goes on with at the other: writes, lists, watches.
 */

import { setTimeout as delay } from "node:timers/promises";
import { storeCheck } from "@knarr/distro/store/check.ts";
import { BreakableProxy } from "@knarr/store/testing/breakable-proxy.ts";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";
import { Cluster, KilledServer, type Reply, type Servers, type WatchEvent } from "./killed-server.ts";
import type { KillsOptions } from "./kills.ts";
import { underLoad, type Load, type Survived } from "./load.ts";

const OF_ETCD = 0.1;
const OF_CONNECTIONS = 0.1;
const OF_BOTH = 0.1;
const IN_VAIN = 0.1;
/** A start takes about as long. */
const START_MS = 1000;
/** For so long the other server is alone. */
const ALONE_MS = 300;
/** For so long no answer comes before the connections break. */
const DEAF_MS = 50;

export async function surviveSharedKills(options: KillsOptions): Promise<Survived> {
  await using etcd = await TestEtcd.start();
  await using proxy = await BreakableProxy.to(etcd.endpoint);
  using cluster = await Cluster.create(`etcd://${proxy.endpoint}`);
  // One after the other: the first makes the keys.
  await using one = await KilledServer.start(cluster);
  await using other = await KilledServer.start(cluster);
  const servers = [one, other] as const;
  const survived = await underLoad(new Either(servers), options.random, (load) =>
    killSome({ etcd, proxy, servers }, load, options),
  );
  await Promise.all(servers.map((server) => server.kill()));
  await using store = await cluster.openStore();
  const { problems } = await storeCheck(store, [], () => {});
  return { ...survived, problems: [...survived.problems, ...problems] };
}

interface Victims {
  readonly etcd: TestEtcd;
  readonly proxy: BreakableProxy;
  readonly servers: readonly [KilledServer, KilledServer];
}

async function killSome(
  { etcd, proxy, servers }: Victims,
  load: Load,
  { kills, random, writes }: KillsOptions,
): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await load.acknowledgements(1 + random.below(writes));
    await delay(random.below(15)); // so that it is not always just after an answer
    if (random.chance(OF_ETCD)) {
      await etcd.kill();
      await etcd.start();
    } else if (random.chance(OF_CONNECTIONS)) {
      proxy.deafen();
      await delay(random.below(DEAF_MS));
      proxy.break();
    } else {
      const victims = random.chance(OF_BOTH) ? servers : [random.pick(servers)];
      await Promise.all(victims.map((server) => server.kill()));
      await delay(random.below(ALONE_MS));
      while (random.chance(IN_VAIN) && ++i < kills) await victims[0]!.startInVain(random.below(START_MS));
      await Promise.all(victims.map((server) => server.startAgain()));
    }
    await load.list();
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
