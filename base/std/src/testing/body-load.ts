/**
 * Run as a process of its own with `--trace-gc-nvp`, for only V8's log says how much is left to its collector: many HTTP/2 requests with bodies, each answered
 * with one when its own has been read. `endWith` as argument: by that; otherwise by Node's `end`.
 */

import { once } from "node:events";
import { connect, createSecureServer, type Http2Stream, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { endWith } from "../end-with.ts";

/** Between two collections, which are all that happen. */
const REQUESTS = 500;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;
const end =
  process.argv[2] === "endWith"
    ? endWith
    : (stream: Http2Stream, body: Uint8Array): void => void stream.end(body);
const body = Buffer.alloc(500, "x");
// Encrypted, for so a socket takes bytes later than they are written; with a secret that both know, for want of a certificate.
const psk = Buffer.alloc(32, 1);
const means = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
const server = createSecureServer({ ...means, pskCallback: () => psk });
server.on("stream", (stream: ServerHttp2Stream) => {
  stream.resume().on("end", () => {
    stream.respond({ ":status": 200 });
    end(stream, body);
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const client = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
  ...means,
  pskCallback: () => ({ psk, identity: "client" }),
  checkServerIdentity: () => undefined,
});
for (let collections = 0; collections < 4; collections++) {
  for (let i = 0; i < REQUESTS; i++) await ask();
  collect({ type: "minor" });
}
client.destroy();
server.close();

async function ask(): Promise<void> {
  const request = client.request({ ":method": "POST", ":path": "/" }, { endStream: false });
  end(request, body);
  await once(request.resume(), "close");
}
