/** A place in a shared etcd, as the suite needs one: `host:port#revision`, the revision that it counts from. */

import { EtcdStore } from "../drivers/etcd.ts";
import type { Store } from "../store.ts";
import { RelativeStore } from "./relative-store.ts";

export async function openPlace(place: string): Promise<Store> {
  const [endpoint = "", start] = place.split("#");
  return new RelativeStore(await EtcdStore.open({ endpoints: [endpoint] }), Number(start));
}
