/** The tcpSocket probe: healthy when somebody accepts the connection, which is closed at once. */

import { connect } from "node:net";
import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { dialErrorText } from "./network-error.ts";
import { resolvePort } from "./port.ts";
import { defineProbeType, timeoutOf, type ProbeResult } from "./probe.ts";

export const tcpSocketProbe = defineProbeType({
  name: "tcpSocket",
  async run(probe, { container, podIP }, signal) {
    const { host = "", port: wanted } = probe.tcpSocket!;
    let port: number;
    try {
      port = resolvePort(wanted, container);
    } catch (err) {
      return { outcome: "unknown", output: (err as Error).message };
    }
    return await dial(host || podIP, port, timeoutOf(probe), signal);
  },
});

async function dial(
  host: string,
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  signal.throwIfAborted();
  const address = joinHostPort(host, port);
  const { promise, resolve, reject } = Promise.withResolvers<ProbeResult>();
  const socket = connect({ host, port });
  const abort = () => reject(signal.reason);
  const timer = setTimeout(() => fail(`dial tcp ${address}: i/o timeout`), timeoutMs);
  const fail = (output: string) => resolve({ outcome: "failure", output });
  signal.addEventListener("abort", abort);
  socket.on("connect", () => resolve({ outcome: "success", output: "" }));
  socket.on("error", (err) => fail(dialErrorText(err, address)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}
