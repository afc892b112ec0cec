/**
 * Connections that no client would make: bytes that are no TLS, HTTP/1.1 that is none or comes too slowly, HTTP/2 frames that break its rules. None
 * of them may hurt the server or anybody else's requests; that it cuts them off is its right.
 */

import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { harmDone, type Finding } from "./judge.ts";
import { get } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

/** How long a connection is left open when the server does not end it. */
const HOLD_MS = 60;

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const GET = "GET /version HTTP/1.1\r\nhost: x\r\n\r\n";
const POST =
  "POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

const http1: readonly (readonly [name: string, bytes: (random: Random) => string])[] = [
  ["many requests at once", () => GET.repeat(50)],
  ["a good request and a bad one", () => `${GET}GARBAGE\r\n\r\n${GET}`],
  ["a body that never comes whole", () => `${POST}content-length: 1000\r\n\r\n{"a`],
  ["a body behind a request that was answered", () => `${POST}content-length: 3\r\n\r\n{"a${GET}`],
  ["headers that never end", () => `${GET.slice(0, -2)}x-a: `],
  ["headers that are too long", () => `GET / HTTP/1.1\r\nhost: x\r\nx-a: ${"a".repeat(200_000)}\r\n\r\n`],
  ["too many headers", () => `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(5000)}\r\n`],
  ["a line that is too long", () => `GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
  ["two lengths", () => `${POST}content-length: 2\r\ncontent-length: 5\r\n\r\n{}`],
  ["a length and chunks", () => `${POST}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a length that is none", () => `${POST}content-length: -1\r\n\r\n{}`],
  ["bad chunks", () => `${POST}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}`],
  ["chunks that never end", () => `${POST}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`],
  ["a line without a version", () => "GET /version\r\n\r\n"],
  ["another version", () => "GET /version HTTP/9.9\r\n\r\n"],
  ["a NUL in a header", () => "GET / HTTP/1.1\r\nhost: x\r\na: \0\r\n\r\n"],
  ["an absolute address", () => "GET http://other:1/api/v1/pods HTTP/1.1\r\nhost: x\r\n\r\n"],
  ["an expectation", () => `${POST}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`],
  ["noise", (random) => Buffer.from(noise(random, 2000)).toString("latin1")],
];

const http2: readonly (readonly [name: string, bytes: (random: Random) => Buffer])[] = [
  ["half a preface", () => PREFACE.subarray(0, 10)],
  ["a preface and nothing", () => PREFACE],
  ["noise for frames", (random) => Buffer.concat([PREFACE, settings(), noise(random, 5000)])],
  [
    "random frames",
    (random) =>
      frames(random, () =>
        frame(random.below(12), random.below(256), { stream: random.below(9), content: noise(random, 60) }),
      ),
  ],
  ["settings again and again", (random) => frames(random, settings, 3000)],
  [
    "pings again and again",
    (random) => frames(random, () => frame(6, 0, { content: Buffer.alloc(8) }), 3000),
  ],
  [
    "headers that never end",
    (random) =>
      Buffer.concat([
        PREFACE,
        settings(),
        frame(1, 0, { stream: 1, content: noise(random, 20) }),
        ...Array.from({ length: 500 }, () => frame(9, 0, { stream: 1, content: noise(random, 100) })),
      ]),
  ],
  [
    "streams that are taken back at once",
    () =>
      Buffer.concat([
        PREFACE,
        settings(),
        ...Array.from({ length: 1000 }, (_, i) =>
          Buffer.concat([
            frame(1, 5, { stream: 2 * i + 1, content: asked() }),
            frame(3, 0, { stream: 2 * i + 1, content: Buffer.from([0, 0, 0, 8]) }),
          ]),
        ),
      ]),
  ],
  [
    "windows that are too large",
    (random) => frames(random, () => frame(8, 0, { content: Buffer.from([0x7f, 0xff, 0xff, 0xff]) }), 5),
  ],
  [
    "data for nothing",
    (random) => frames(random, () => frame(0, 1, { stream: 77, content: noise(random, 100) }), 20),
  ],
  [
    "a frame longer than allowed",
    () =>
      Buffer.concat([
        PREFACE,
        settings(),
        Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]),
        Buffer.alloc(100_000),
      ]),
  ],
  [
    "headers packed wrongly",
    () =>
      Buffer.concat([
        PREFACE,
        settings(),
        frame(1, 5, { stream: 1, content: Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]) }),
      ]),
  ],
];

/** Every sort once, with bytes of `random`; between them the server answers others, and says that nothing is wrong. */
export async function hurtSockets(target: Target, random: Random): Promise<Finding[]> {
  const findings: Finding[] = [];
  const attempt = async (name: string, hurt: () => Promise<void>): Promise<void> => {
    await hurt();
    const { code } = await target.send(get("/version"));
    if (code !== 200) findings.push({ what: `${name}: /version answers ${code}` });
    for (const { what } of await harmDone(target)) findings.push({ what: `${name}: ${what}` });
  };
  const raw: readonly (readonly [string, Buffer])[] = [
    ["no TLS, but noise", noise(random, 3000)],
    ["no TLS, but HTTP", Buffer.from(GET)],
    ["half a hello", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
    ["nothing at all", Buffer.alloc(0)],
  ];
  for (const [name, bytes] of raw) await attempt(name, () => held(connect(target.port, "127.0.0.1"), bytes));
  for (const [name, bytes] of http1)
    await attempt(`HTTP/1.1: ${name}`, () =>
      held(target.socket(["http/1.1"]), Buffer.from(bytes(random), "latin1")),
    );
  for (const [name, bytes] of http2)
    await attempt(`HTTP/2: ${name}`, () => held(target.socket(["h2"]), bytes(random)));
  await attempt("requests that are left in the middle", () => leave(target, random));
  return findings;
}

/** Sends, waits a little, and goes away without a word; or is cut off before. */
async function held(socket: Socket, bytes: Buffer): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}); // being cut off is one of the two ends
  socket.resume();
  socket.write(bytes);
  await Promise.race([closed, delay(HOLD_MS)]);
  socket.destroy();
}

/** Requests of which each ends at another byte. */
async function leave(target: Target, random: Random): Promise<void> {
  const body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"left"}}';
  const whole = Buffer.from(`${POST}content-length: ${body.length}\r\n\r\n${body}`);
  const ends = Array.from({ length: 20 }, () => random.below(whole.length));
  await Promise.all(ends.map((end) => held(target.socket(["http/1.1"]), whole.subarray(0, end))));
}

function noise(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(most) }, () => random.below(256)));
}

function frames(random: Random, make: () => Buffer, count = 1 + random.below(50)): Buffer {
  return Buffer.concat([PREFACE, settings(), ...Array.from({ length: count }, make)]);
}

function settings(): Buffer {
  return frame(4, 0, { content: Buffer.alloc(0) });
}

/** Length, type, flags, stream, content (RFC 9113 §4.1). */
function frame(
  type: number,
  flags: number,
  { stream = 0, content }: { stream?: number; content: Buffer },
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, content]);
}

/** GET of a list by https, out of HPACK's static table, with a literal path. */
function asked(): Buffer {
  const path = Buffer.from("/api/v1/configmaps");
  return Buffer.concat([Buffer.from([0x82, 0x87, 0x41, 0x01, 0x78, 0x04, path.length]), path]);
}
