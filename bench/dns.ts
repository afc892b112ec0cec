/**
 * Answers of the DNS a second, beside the floor: a socket of the same runtime that sends everything back. One process asks, another answers,
 * so this is what two cores give. Names that were asked before, names asked for the first time (each name once), and names that do not exist as a search path makes them.
 */

import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { processorTime, residentMegabytes } from "./measure.ts";

const SECONDS = 4;
const IN_FLIGHT = 256;

export async function run(): Promise<void> {
  console.log("| what | answers/s | CPU of the server, µs an answer | memory, MB |\n|---|---|---|---|");
  await measureServer("echo", [["echo of 60 bytes", (i) => `web-${i % 100}.default.svc.cluster.local`]]);
  await measureServer("dns", [
    ["new names", (i) => `${spelled(i)}.default.svc.cluster.local`],
    ["names asked before", (i) => `web-${i % 1000}.default.svc.cluster.local`],
    ["names of a search path", (i) => `web-${i % 1000}.default.svc.cluster.local.default.svc.cluster.local`],
  ]);
}

/** 10,000 names in ever other spellings, so that none is asked twice. */
function spelled(i: number): string {
  const name = `web-${i % 10_000}`;
  const round = Math.floor(i / 10_000);
  return [...name].map((letter, at) => ((round >> at) & 1 ? letter.toUpperCase() : letter)).join("");
}

type Names = readonly [what: string, nameOf: (i: number) => string];

async function measureServer(kind: "echo" | "dns", rounds: readonly Names[]): Promise<void> {
  const server = fork(join(import.meta.dirname, "dns-server.ts"), [kind], { stdio: "inherit" });
  try {
    const [port] = (await once(server, "message")) as [number];
    for (const [what, nameOf] of rounds) {
      const before = processorTime([server.pid!]);
      const answers = await ask(port, nameOf);
      const micros = ((processorTime([server.pid!]) - before) * 1000) / answers;
      const memory = residentMegabytes([server.pid!]);
      console.log(
        `| ${what} | ${Math.round(answers / SECONDS)} | ${micros.toFixed(1)} | ${memory.toFixed(0)} |`,
      );
    }
  } finally {
    server.kill();
  }
}

/** How many answers come in the time, with so many questions under way. What gets lost is made up for. */
async function ask(port: number, nameOf: (i: number) => string): Promise<number> {
  const socket = createSocket("udp4");
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  let asked = 0;
  let answered = 0;
  const next = () => socket.send(question(asked, nameOf(asked++)));
  socket.on("message", () => {
    answered++;
    next();
  });
  for (let i = 0; i < IN_FLIGHT; i++) next();
  const ends = performance.now() + SECONDS * 1000;
  for (let last = 0; performance.now() < ends; last = answered) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (answered === last) for (let i = 0; i < IN_FLIGHT; i++) next();
  }
  socket.close();
  return answered;
}

function question(id: number, name: string): Buffer {
  const bytes = Buffer.alloc(name.length + 18);
  bytes.writeUInt16BE(id & 0xffff, 0);
  bytes[2] = 1;
  bytes[5] = 1;
  let at = 12;
  for (const label of name.split(".")) {
    bytes[at++] = label.length;
    at += bytes.write(label, at, "latin1");
  }
  bytes[at + 2] = 1;
  bytes[at + 4] = 1;
  return bytes;
}
