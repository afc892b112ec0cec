/** Channels and readers over real WebSockets. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable, type Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import WebSocket from "ws";
import { acceptWebSocket } from "./accept.ts";
import { ChannelConnection, type ChannelFormat } from "./channels.ts";
import { serveReader } from "./reader.ts";

const v5: ChannelFormat = { encoding: "binary", canEnd: true };

test("ChannelConnection carries channels both ways and ends one by itself", async (t) => {
  const { server, client } = await pair(t, v5);
  const stdin = server.readable(0);
  const stdout = client.readable(1);
  client.writable(0).write("hello");
  client.endChannel(0);
  assert.equal(await text(stdin), "hello");
  server.writable(1).write("bye");
  const [chunk] = (await once(stdout, "data")) as [Buffer];
  assert.equal(chunk.toString(), "bye");
  await server.close();
  await client.closed;
});

test("ChannelConnection destroys its readers when the socket closes before they ended", async (t) => {
  const { server, client } = await pair(t, { encoding: "base64", canEnd: false });
  const stdin = server.readable(0);
  client.writable(0).write("half");
  assert.equal(String((await once(stdin, "data"))[0]), "half");
  const closed = once(stdin, "close");
  await client.close();
  await closed;
  assert.equal(stdin.readableEnded, false);
});

test("ChannelConnection stops reading the socket when nobody takes what came", async (t) => {
  const { server, client } = await pair(t, v5);
  const stdin = server.readable(0);
  const sent = Buffer.alloc(256 << 10, "x");
  const writer = client.writable(0);
  let written = 0;
  for (let n = 0; n < 128; n++) writer.write(sent, () => written++);
  for (let turns = 0; turns < 1000; turns++) await new Promise(setImmediate);
  assert.ok(stdin.readableLength < 4 << 20, `buffered ${stdin.readableLength}`);
  assert.ok(written < 128, "the writer waits");
  writer.end(() => client.endChannel(0));
  assert.equal((await buffer(stdin)).length, 128 * sent.length);
});

test("acceptWebSocket takes the client's first protocol that the server knows, slashes and all", async (t) => {
  const url = await listen(t, async (request, socket, head) => {
    const accepted = await acceptWebSocket(request, socket, head, [
      "SPDY/3.1+portforward.k8s.io",
      "v4.channel.k8s.io",
    ]);
    accepted?.socket.close();
  });
  const client = new WebSocket(url, ["v5.channel.k8s.io", "v4.channel.k8s.io"]);
  await once(client, "close");
  assert.equal(client.protocol, "v4.channel.k8s.io");
  const refused = new WebSocket(url, ["v9.channel.k8s.io"]);
  const [err] = (await once(refused, "error")) as [Error];
  assert.match(err.message, /403/);
});

test("serveReader sends a stream in binary or base64, and closes", async (t) => {
  const url = await listen(t, (request, socket, head) =>
    serveReader(request, socket, head, Readable.from(["one ", "two"].map((s) => Buffer.from(s)))),
  );
  const read = async (protocols: string[]) => {
    const client = new WebSocket(url, protocols);
    const received: string[] = [];
    client.on("message", (data, isBinary) =>
      received.push(`${isBinary ? "binary" : "text"} ${String(data)}`),
    );
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1000);
    return received;
  };
  assert.deepEqual(await read(["binary.k8s.io"]), ["binary one ", "binary two"]);
  assert.deepEqual(await read(["base64.binary.k8s.io"]), ["text b25lIA==", "text dHdv"]);
});

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

async function listen(t: TestContext, onUpgrade: OnUpgrade): Promise<string> {
  const server = createServer();
  server.on("upgrade", (request, socket, head) => void onUpgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function pair(t: TestContext, format: ChannelFormat) {
  const { promise, resolve } = Promise.withResolvers<ChannelConnection>();
  const url = await listen(t, async (request, socket, head) => {
    const accepted = await acceptWebSocket(request, socket, head, ["channel.k8s.io"]);
    resolve(new ChannelConnection(accepted!.socket, format));
  });
  const socket = new WebSocket(url, ["channel.k8s.io"]);
  t.after(() => socket.terminate());
  await once(socket, "open");
  return { server: await promise, client: new ChannelConnection(socket, format) };
}
