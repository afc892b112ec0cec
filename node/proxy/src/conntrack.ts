/**
 * Forgets UDP "connections" that lead to an endpoint that is gone. Without this a client that keeps sending never
 * meets the new endpoint: every packet renews the old translation (kubernetes#105657 and its kind). TCP needs none: it ends.
 */

import { execFile } from "node:child_process";
import type { ServicePort } from "./service-port.ts";

/** The `conntrack -D` calls that a change of one Service port asks for; empty for TCP and when nothing was lost. */
export function staleFlows(before: ServicePort | undefined, after: ServicePort | undefined): string[][] {
  const port = before ?? after;
  if (!port || port.protocol !== "udp") return [];
  const addresses = [port.clusterIP, ...port.externalIPs];
  // Packets sent while there was no endpoint made entries that translate nothing.
  if (!before?.targets.length) {
    if (!after?.targets.length) return [];
    return [
      ...addresses.map((ip) => ["-D", "-p", "udp", "--orig-dst", ip, "--dport", String(port.port)]),
      ...(port.nodePort ? [["-D", "-p", "udp", "--dport", String(port.nodePort)]] : []),
    ];
  }
  const kept = new Set(after?.targets.map(({ address }) => address));
  const lost = before.targets.filter(({ address }) => !kept.has(address));
  return lost.flatMap(({ address }) => [
    ...addresses.map((ip) => [
      "-D",
      "-p",
      "udp",
      "--orig-dst",
      ip,
      "--dport",
      String(port.port),
      "--reply-src",
      address,
    ]),
    ...(port.nodePort ? [["-D", "-p", "udp", "--dport", String(port.nodePort), "--reply-src", address]] : []),
  ]);
}

/** Runs one call. conntrack exits with 1 when nothing matched, which is as good. */
export function forgetFlows(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("conntrack", [...args], (err, _stdout, stderr) => {
      if (!err || err.code === 1) resolve();
      else
        reject(
          new Error(`Cannot run conntrack ${args.join(" ")}: ${stderr.trim() || err.message}`, {
            cause: err,
          }),
        );
    });
  });
}
