/** Arithmetic of IPv4 addresses and networks, and the addresses that follow from a config. */

import type { Config } from "./options.ts";

/** Where people and pods reach the API server. */
export function serverAddress(config: Pick<Config, "node-ip" | "https-port">): string {
  return `https://${config["node-ip"]}:${config["https-port"]}`;
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

function range(cidr: string): [first: number, last: number] {
  const [ip = "", length = ""] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(toNumber(ip) / size) * size;
  return [first, first + size - 1];
}

/** `nthAddress("10.43.0.0/16", 10)` is `10.43.0.10`. */
export function nthAddress(cidr: string, n: number): string {
  return toAddress(range(cidr)[0] + n);
}

/** The addresses of one node's pods: `nthNetwork("10.42.0.0/16", 2)` is `10.42.2.0/24`. */
export function nthNetwork(clusterCidr: string, n: number): string {
  return `${nthAddress(clusterCidr, 256 * n)}/24`;
}

export function contains(cidr: string, address: string): boolean {
  const [first, last] = range(cidr);
  return toNumber(address) >= first && toNumber(address) <= last;
}

export function overlap(a: string, b: string): boolean {
  const [firstA, lastA] = range(a);
  const [firstB, lastB] = range(b);
  return firstA <= lastB && firstB <= lastA;
}
