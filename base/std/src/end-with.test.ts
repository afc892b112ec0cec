/** The end of an HTTP/2 stream: that what is said arrives, that the stream goes in every case, and is no burden then. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  connect,
  constants,
  createServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { promisify } from "node:util";
import { endWith } from "./end-with.ts";

const run = promisify(execFile);
/** More than a client takes that reads nothing. */
const LARGE = Buffer.alloc(1 << 20, "x");

for (const body of [Buffer.from("small"), LARGE])
  test(`an answer of ${body.length} bytes to a request with a body arrives, and the stream goes`, async () => {
    await using rig = await Rig.open(body);
    const { request, stream, closed } = await rig.ask();
    assert.ok((await buffer(request)).equals(body));
    await closed;
    assert.ok(stream.destroyed && stream.writableFinished);
  });

const partings: Readonly<Record<string, (request: ClientHttp2Stream, session: ClientHttp2Session) => void>> =
  {
    "who wants no more": (request) => request.close(constants.NGHTTP2_NO_ERROR),
    "who cancels": (request) => request.close(constants.NGHTTP2_CANCEL),
    "whose connection breaks": (_, session) => session.destroy(),
  };
for (const [who, part] of Object.entries(partings))
  test(`the stream of a client ${who} in the middle of its answer goes`, async () => {
    await using rig = await Rig.open(LARGE);
    const { request, stream, closed } = await rig.ask();
    request.on("error", () => {});
    await once(request, "response");
    part(request, rig.client);
    await closed;
    assert.ok(stream.destroyed);
  });

test("the stream goes with a session that the server ends", async () => {
  await using rig = await Rig.open(LARGE);
  const { request, stream, closed } = await rig.ask();
  request.on("error", () => {});
  rig.client.on("error", () => {});
  stream.session!.destroy();
  await closed;
});

test("streams are not left to the collector", async () => {
  const leftOf = async (how: string): Promise<number> => {
    const load = join(import.meta.dirname, "testing", "body-load.ts");
    const { stdout } = await run(process.execPath, ["--trace-gc-nvp", load, how]);
    const left = stdout.matchAll(/"nodes_died_in_new":(\d+)/g).map(([, nodes]) => Number(nodes));
    return left.reduce((sum, nodes) => sum + nodes, 0);
  };
  const [ours, nodes] = await Promise.all([leftOf("endWith"), leftOf("end")]);
  // Were Node to do so by itself, ours could go.
  assert.ok(nodes > 1000 && ours < nodes / 10, `${ours} of 2000, by Node's own way ${nodes}`);
});

/** A server that reads what it is asked, and answers. */
class Rig implements AsyncDisposable {
  readonly client: ClientHttp2Session;
  readonly #server: Http2Server;

  static async open(answer: Buffer): Promise<Rig> {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      stream.resume().on("end", () => {
        stream.respond({ ":status": 200 });
        endWith(stream, answer);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Rig(server);
  }

  private constructor(server: Http2Server) {
    this.#server = server;
    this.client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** When it returns, the answer is on its way. */
  async ask() {
    const request = this.client.request({ ":method": "POST", ":path": "/" }, { endStream: false });
    endWith(request, Buffer.from("question"));
    const [stream] = (await once(this.#server, "stream")) as [ServerHttp2Stream];
    const closed = once(stream, "close");
    await once(stream, "end");
    return { request, stream, closed };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
