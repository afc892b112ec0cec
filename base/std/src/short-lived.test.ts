/** Streams of Node whose insides are ours in part: that they are no burden when they have ended, and work as before. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  connect,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import { promisify } from "node:util";
import { keepStreamsApart } from "./open-streams.ts";
import { keepWritablesYoung } from "./young-writables.ts";

const run = promisify(execFile);

test("streams that have ended are not among the old objects", async () => {
  const bytesOf = async (...kept: string[]): Promise<number> => {
    const load = join(import.meta.dirname, "testing", "stream-load.ts");
    return Number((await run(process.execPath, [load, kept.join()])).stdout);
  };
  const [both, writables, sessions] = await Promise.all([
    bytesOf("writables", "sessions"),
    bytesOf("writables"),
    bytesOf("sessions"),
  ]);
  assert.ok(both < 600, `${both.toFixed(0)} bytes of each request`);
  // Where one of them changes nothing any more, Node has come to do it, and ours can go.
  assert.ok(writables > 1.5 * both && sessions > 1.5 * both, `${both}, ${writables}, ${sessions}`);
});

test("a session that ends takes its streams along", async () => {
  await using rig = await Rig.open();
  const silent = [rig.client.request({ ":path": "/" }), rig.client.request({ ":path": "/" })];
  while (rig.silent.length < silent.length) await once(rig.server, "stream");
  const closed = rig.silent.map((stream) => once(stream, "close"));
  rig.client.destroy();
  await Promise.all(closed);
});

test("a session that is closed ends when its last stream has", async () => {
  await using rig = await Rig.open();
  const request = rig.client.request({ ":path": "/" });
  await once(rig.server, "stream");
  const [stream] = rig.silent;
  const ended = once(stream!.session!, "close");
  stream!.session!.close();
  stream!.end("at last");
  request.resume();
  await ended;
});

test("a writable that others make takes what is written, and says when", async () => {
  keepWritablesYoung();
  const taken: string[] = [];
  const writable = new Writable({
    write(chunk, _encoding, callback) {
      taken.push(String(chunk));
      setImmediate(callback);
    },
  });
  await new Promise((resolve) => writable.write("a", resolve));
  writable.end("b");
  await once(writable, "finish");
  assert.deepEqual(taken, ["a", "b"]);
});

test("an error of a writable reaches whoever listens", async () => {
  keepWritablesYoung();
  const writable = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error("no room")) });
  writable.write("a");
  const [err] = await once(writable, "error");
  assert.equal(err.message, "no room");
});

/** A server that never answers, and a client of it. */
class Rig implements AsyncDisposable {
  readonly server: Http2Server;
  readonly client: ClientHttp2Session;
  readonly silent: ServerHttp2Stream[] = [];

  static async open(): Promise<Rig> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return new Rig(server, client);
  }

  private constructor(server: Http2Server, client: ClientHttp2Session) {
    this.server = server;
    this.client = client;
    assert.ok(keepStreamsApart(client));
    server.on("session", (session) => assert.ok(keepStreamsApart(session)));
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      this.silent.push(stream);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    const closed = once(this.server, "close");
    this.server.close();
    await closed;
  }
}
