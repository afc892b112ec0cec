/**
 * Run as a process of its own, for a test's runner remembers everything asynchronous: opens and ends many HTTP/2 streams, and prints how many bytes of
 * each have got among V8's old objects, the client's stream and the server's together.
 */

import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { keepStreamsApart } from "../open-streams.ts";
import { keepWritablesYoung } from "../young-writables.ts";

const REQUESTS = 3000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: { readonly type: "minor" | "major" }) => void;

const [what = ""] = process.argv.slice(2);
const isKept = { writables: what.includes("writables"), sessions: what.includes("sessions") };
if (isKept.writables) keepWritablesYoung();
const server = createServer();
server.on("session", (session) => isKept.sessions && keepStreamsApart(session));
server.on("stream", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200 }, { endStream: true }));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
if (isKept.sessions) keepStreamsApart(client);

await ask(REQUESTS); // compiled, and all that stays is there
collect({ type: "major" });
const before = oldBytes();
for (let i = 0; i < 10; i++) {
  await ask(REQUESTS / 10);
  for (let times = 0; times < 2; times++) collect({ type: "minor" });
}
console.log((oldBytes() - before) / REQUESTS);
client.destroy();
server.close();

async function ask(requests: number): Promise<void> {
  for (let i = 0; i < requests; i++)
    await new Promise((resolve) => client.request({ ":path": "/" }).resume().on("close", resolve));
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")!.space_used_size;
}
