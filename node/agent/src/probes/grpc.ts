/** The grpc probe: `grpc.health.v1.Health/Check`, healthy when it answers SERVING. No TLS, as upstream. */

import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { defineProbeType, timeoutOf, type ProbeResult } from "./probe.ts";

const SERVING = 1;
const statusNames = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

export const grpcProbe = defineProbeType({
  name: "grpc",
  async run(probe, { podIP }, signal) {
    signal.throwIfAborted();
    const { port, service = "" } = probe.grpc!;
    const address = joinHostPort(podIP, port);
    const client = new Client(address, credentials.createInsecure(), {
      "grpc.primary_user_agent": "kube-probe/1.36",
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
    });
    try {
      return await check(client, { address, service, timeoutMs: timeoutOf(probe) }, signal);
    } finally {
      client.close();
    }
  },
});

interface Question {
  readonly address: string;
  readonly service: string;
  readonly timeoutMs: number;
}

async function check(
  client: Client,
  { address, service, timeoutMs }: Question,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ProbeResult>();
  const call = client.makeUnaryRequest(
    "/grpc.health.v1.Health/Check",
    encodeRequest,
    decodeStatus,
    service,
    new Metadata(),
    { deadline: Date.now() + timeoutMs },
    (err, serving) => {
      if (err) return resolve({ outcome: "failure", output: textOf(err, address, timeoutMs) });
      if (serving === SERVING) return resolve({ outcome: "success", output: "service healthy" });
      const name = statusNames[serving ?? 0] ?? String(serving);
      resolve({ outcome: "failure", output: `service unhealthy (responded with ${JSON.stringify(name)})` });
    },
  );
  const abort = () => {
    reject(signal.reason);
    call.cancel();
  };
  signal.addEventListener("abort", abort);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function textOf(err: ServiceError, address: string, timeoutMs: number): string {
  const within = `${timeoutMs / 1000}s`;
  switch (err.code) {
    case status.UNIMPLEMENTED:
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${err.details}`;
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${within}`;
    case status.UNAVAILABLE:
      return `timeout: failed to connect service ${JSON.stringify(address)} within ${within}: context deadline exceeded`;
    default:
      return `error: health rpc probe failed: ${err.message}`;
  }
}

/** `message HealthCheckRequest { string service = 1; }` */
function encodeRequest(service: string): Buffer {
  const text = Buffer.from(service);
  if (text.length === 0) return text;
  const length: number[] = [];
  let rest = text.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), text]);
}

/** `message HealthCheckResponse { ServingStatus status = 1; }`: a byte of tag, a byte of value; nothing at all for 0. */
function decodeStatus(message: Buffer): number {
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}
