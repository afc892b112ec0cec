/** One server with a database of its own, under write load, that is killed again and again (SIGKILL). */

import { Cluster } from "./cluster.ts";
import { KilledServer } from "./killed-server.ts";
import { underLoad, type Survived } from "./load.ts";
import { startAtLast, strike, type Strikes } from "./strikes.ts";

export async function surviveKills(strikes: Strikes): Promise<Survived> {
  using cluster = await Cluster.create();
  await using server = await KilledServer.start(cluster);
  const killAndStart = async (): Promise<void> => {
    await server.kill();
    await startAtLast(server, strikes.random);
  };
  const survived = await underLoad(server, strikes.random, (load) => strike(load, strikes, killAndStart));
  await server.kill();
  await using store = await cluster.openStore();
  return { ...survived, problems: [...survived.problems, ...((await store.raw.check?.()) ?? [])] };
}
