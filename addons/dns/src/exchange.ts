/** One question to one server, over UDP or TCP. A socket of its own each time: its port is as hard to guess as the id. */

import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { TcpFrames, withLength } from "./tcp-frames.ts";

export type Transport = "udp" | "tcp";

export interface Server {
  readonly address: string;
  readonly port: number;
}

/** Resolves with an answer to this very question; rejects after `timeoutMs`, or with what the network says. */
export async function exchange(
  question: Buffer,
  questionEnd: number,
  { server, transport, timeoutMs }: { server: Server; transport: Transport; timeoutMs: number },
): Promise<Buffer> {
  const query = Buffer.from(question);
  query.writeUInt16BE(randomInt(65536), 0);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(
    () => reject(new Error(`${server.address} did not answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  const take = (answer: Buffer) => {
    if (isAnswerTo(query, questionEnd, answer)) resolve(answer);
  };
  const close =
    transport === "udp" ? askUdp(query, server, take, reject) : askTcp(query, server, take, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    close();
  }
}

type Take = (answer: Buffer) => void;
type Fail = (err: Error) => void;

function askUdp(query: Buffer, { address, port }: Server, take: Take, fail: Fail): () => void {
  const socket = createSocket(isIPv6(address.split("%")[0]!) ? "udp6" : "udp4");
  socket.on("message", take).on("error", fail);
  socket.connect(port, address, () => socket.send(query));
  return () => socket.close();
}

function askTcp(query: Buffer, { address: host, port }: Server, take: Take, fail: Fail): () => void {
  const frames = new TcpFrames();
  const socket = connect({ host, port });
  socket.on("data", (chunk: Buffer) => {
    for (const message of frames.push(chunk)) take(message);
  });
  socket.on("error", fail).on("end", () => fail(new Error(`${host} closed the connection`)));
  socket.write(withLength(query));
  return () => socket.destroy();
}

/** Same id, an answer, the same question: anything else is an accident or an attack. */
function isAnswerTo(query: Buffer, questionEnd: number, answer: Buffer): boolean {
  if (answer.length < questionEnd || !(answer[2]! & 0x80)) return false;
  if (answer[0] !== query[0] || answer[1] !== query[1]) return false;
  const text = (bytes: Buffer) => bytes.toString("latin1", 12, questionEnd).toLowerCase();
  return text(answer) === text(query);
}
