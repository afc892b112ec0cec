/** The stores there are, by the scheme of their address: what `--datastore-endpoint` may say. */

import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { EtcdTls } from "../etcd/connection.ts";
import { goOnAfter as goOnAfterInFile } from "../sqlite/copies.ts";
import type { MovedPrefixes } from "../sqlite/database.ts";
import type { Store } from "../store.ts";
import { MemoryStore } from "./memory.ts";
import { SqliteStore } from "./sqlite.ts";

interface Driver {
  readonly scheme: string;
  readonly example: string;
  /** Several servers may have it open at a time. */
  readonly isShared?: true;
  /** What stands behind `scheme:`. */
  readonly address: RegExp;
  open(address: string, options: StoreOptions): Promise<Store>;
  /** Absent: what it has is gone with the process. */
  goOnAfter?(address: string, revision: number, options: GoOnOptions): Promise<void>;
}

export interface GoOnOptions extends Pick<StoreOptions, "tls"> {
  /** Where it takes its time: told of the revision that is reached. */
  readonly report?: (revision: number) => void;
}

export interface StoreOptions {
  readonly clock?: Clock;
  /** Told when writes begin to be refused, why, and with nothing when they are taken again. */
  readonly onTrouble?: (trouble: string | undefined) => void;
  /** What keys began with in stores of earlier versions, each with what they begin with now. */
  readonly movedPrefixes?: MovedPrefixes;
  /** How servers of stores are spoken to. Absent: without TLS. */
  readonly tls?: EtcdTls;
}

export const drivers: readonly Driver[] = [
  {
    scheme: "sqlite",
    example: "sqlite:///var/lib/knarr/server/store.db",
    address: /^\/\/\/[^?#]+$/,
    open: (address, options) => SqliteStore.open({ path: pathOf(address), ...options }),
    goOnAfter: async (address, revision) => goOnAfterInFile(pathOf(address), revision),
  },
  {
    scheme: "etcd",
    example: "etcd://10.0.0.1:2379,10.0.0.2:2379",
    isShared: true,
    address: /^\/\/([^/,:]+|\[[^\]]+\]):\d+(,([^/,:]+|\[[^\]]+\]):\d+)*$/,
    async open(address, options) {
      // Loaded when wanted: most clusters never speak gRPC to a store.
      const { EtcdStore } = await import("./etcd.ts");
      return EtcdStore.open({ endpoints: endpointsOf(address), ...options });
    },
    async goOnAfter(address, revision, options) {
      const { raise } = await import("../etcd/raise.ts");
      return raise(revision, { endpoints: endpointsOf(address), ...options });
    },
  },
  {
    scheme: "memory",
    example: "memory:",
    address: /^$/,
    open: async (_address, options) => new MemoryStore(options),
  },
];

/** What is wrong with an address, as a sentence; undefined for a good one. */
export function addressProblem(address: string): string | undefined {
  if (driverOf(address)) return undefined;
  const examples = drivers.map(({ example }) => example).join(" or ");
  return `Cannot open the store "${address}": it must be like ${examples}`;
}

/** Whether other servers may have the store open, too. */
export function isShared(address: string): boolean {
  return driverOf(address)?.isShared ?? false;
}

/** Opens the store at an address, which from then on also forgets its history by itself. */
export async function openStore(address: string, options: StoreOptions = {}): Promise<Store> {
  const driver = driverOf(address);
  if (!driver) throw new SyntaxError(addressProblem(address));
  return driver.open(address.slice(driver.scheme.length + 1), { clock: realClock, ...options });
}

/** Makes the revisions of a store that is there go on after `revision`. Nobody may have it open. */
export async function goOnAfter(address: string, revision: number, options: GoOnOptions = {}): Promise<void> {
  const driver = driverOf(address);
  await driver?.goOnAfter?.(address.slice(driver.scheme.length + 1), revision, options);
}

const pathOf = (address: string): string => decodeURIComponent(address.slice("//".length));

const endpointsOf = (address: string): string[] => address.slice("//".length).split(",");

function driverOf(address: string): Driver | undefined {
  return drivers.find(
    (driver) =>
      address.startsWith(`${driver.scheme}:`) && driver.address.test(address.slice(driver.scheme.length + 1)),
  );
}
