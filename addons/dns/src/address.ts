/** IP addresses as bytes and as names of the reverse zones. */

import { isIP } from "node:net";

/** 4 or 16 bytes; undefined for what is no address. */
export function addressBytes(text: string): Uint8Array | undefined {
  const version = isIP(text);
  if (version === 4) return Uint8Array.from(text.split(".").map(Number));
  if (version !== 6) return undefined;
  const [head = "", tail] = text.split("%")[0]!.split("::");
  const [front, back] = [groupsOf(head), tail === undefined ? [] : groupsOf(tail)];
  const groups = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** One spelling for each address, for look-ups. */
export function addressKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** `["7", "0", "43", "10", "in-addr", "arpa"]` → 10.43.0.7; undefined for names that are no whole address. */
export function reverseAddress(labels: readonly string[]): Uint8Array | undefined {
  const [zone, arpa] = labels.slice(-2);
  if (arpa !== "arpa") return undefined;
  const parts = labels.slice(0, -2).reverse();
  if (zone === "in-addr" && parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part)))
    return addressBytes(parts.map(Number).join("."));
  if (zone === "ip6" && parts.length === 32 && parts.every((part) => /^[0-9a-f]$/.test(part)))
    return Uint8Array.from(Buffer.from(parts.join(""), "hex"));
  return undefined;
}

/** The address in a pod's name: `10-42-0-7`, `fd00--7`. */
export function dashedAddress(label: string): Uint8Array | undefined {
  return addressBytes(label.replaceAll("-", ".")) ?? addressBytes(label.replaceAll("-", ":"));
}

/** How an endpoint without a hostname is called: its address with dashes. */
export function dashed(address: string): string {
  return address.replace(/[.:]/g, "-");
}
