/** SPDY from end to end, over real sockets and against bytes that Go wrote. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { SpdyConnection } from "./connection.ts";
import { headerDictionary } from "./dictionary.ts";
import { dataHead, FrameParser, synStream, windowUpdate, type Frame } from "./frames.ts";
import { decodeHeaders, encodeHeaders, HeaderCodec } from "./headers.ts";
import type { SpdyStream } from "./stream.ts";

test("headerDictionary is the 1423 bytes of the specification", () => {
  assert.equal(headerDictionary.length, 1423);
});

test("FrameParser finds the frames, however they are cut", () => {
  const block = Buffer.from("block");
  const bytes = Buffer.concat([
    synStream(1, block),
    dataHead(1, 3, true),
    Buffer.from("abc"),
    windowUpdate(0, 7),
  ]);
  for (const size of [1, 2, 7, bytes.length]) {
    const parser = new FrameParser();
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length; at += size)
      frames.push(...parser.push(bytes.subarray(at, at + size)));
    const data = frames.filter((frame) => frame.type === "data");
    assert.deepEqual(frames[0], { type: "synStream", streamId: 1, block, fin: false });
    assert.equal(Buffer.concat(data.map((frame) => frame.data)).toString(), "abc");
    assert.deepEqual(
      data.map(({ fin }) => fin),
      data.map((_, index) => index === data.length - 1),
    );
    assert.deepEqual(frames.at(-1), { type: "windowUpdate", streamId: 0, delta: 7 });
  }
  assert.throws(
    () => [...new FrameParser().push(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))],
    /SPDY version 2/,
  );
});

test("HeaderCodec packs several blocks through one dictionary", async () => {
  using one = new HeaderCodec();
  using other = new HeaderCodec();
  for (const headers of [
    new Map([["streamtype", "error"]]),
    new Map([
      ["streamtype", "data"],
      ["port", "80"],
    ]),
    new Map(),
  ])
    assert.deepEqual(await other.unpack(await one.pack(headers)), headers);
  assert.deepEqual(
    decodeHeaders(encodeHeaders(new Map([["StreamType", "x"]]))),
    new Map([["streamtype", "x"]]),
  );
  assert.throws(() => decodeHeaders(Buffer.from([0, 0, 0, 1, 0, 0, 0, 9])), /ends too soon/);
});

test("SpdyConnection carries streams both ways, each end closing by itself", async (t) => {
  const { client } = await pair(t, (stream) => {
    assert.equal(stream.headers.get("streamtype"), "echo");
    stream.pipe(stream);
  });
  const stream = await client.open({ streamType: "echo" });
  stream.write("hello ");
  stream.end("world");
  assert.equal(await text(stream), "hello world");
  await client.ping();
  await client.close();
});

test("SpdyConnection moves megabytes through small windows and slow readers", async (t) => {
  const { client } = await pair(t, (stream) => stream.pipe(stream));
  const sent = Buffer.alloc(5 << 20, "0123456789abcdef!");
  const streams = await Promise.all([1, 2, 3].map(() => client.open({})));
  const received = streams.map(async (stream) => {
    stream.end(sent);
    return await buffer(stream);
  });
  for (const bytes of await Promise.all(received)) assert.ok(bytes.equals(sent));
});

test("SpdyConnection stops reading when nobody takes what came", async (t) => {
  let sink: SpdyStream | undefined;
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { client } = await pair(t, (stream) => {
    sink = stream;
    arrive();
  });
  const stream = await client.open({});
  await arrived;
  let isDone = false;
  stream.end(Buffer.alloc(64 << 20), () => (isDone = true));
  for (let turns = 0; turns < 2000; turns++) await new Promise(setImmediate);
  assert.equal(isDone, false);
  assert.ok(sink!.readableLength < 3 << 20, `buffered ${sink!.readableLength}`);
  assert.equal((await buffer(sink!)).length, 64 << 20);
});

test("SpdyConnection refuses a stream whose handler throws, and keeps the others", async (t) => {
  const { client } = await pair(t, (stream) => {
    if (stream.headers.get("bad")) throw new Error("no");
    stream.end("fine");
  });
  const bad = await client.open({ bad: "1" });
  await once(bad.resume(), "close");
  assert.equal(bad.readableEnded, false);
  assert.equal(await text(await client.open({})), "fine");
});

test("SpdyConnection closes its streams with it, and what had ended can still be read", async (t) => {
  const seen: SpdyStream[] = [];
  const { client, server } = await pair(t, (stream) => seen.push(stream));
  const ended = await client.open({});
  ended.end("whole");
  const cut = await client.open({});
  cut.write("half");
  await client.close();
  await server.closed;
  assert.equal(await text(seen[0]!), "whole");
  assert.equal(seen[1]!.destroyed, true);
});

async function pair(
  t: TestContext,
  onStream: (stream: SpdyStream) => void,
): Promise<{ client: SpdyConnection; server: SpdyConnection }> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const socket = connect((listener.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = (await once(listener, "connection")) as [Socket];
  const server = new SpdyConnection(accepted, { role: "server", onStream });
  const client = new SpdyConnection(socket, { role: "client" });
  t.after(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}
