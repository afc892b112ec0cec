/** Connections that are begun and not finished, not used, or whose client is gone end by themselves; those that are used stay. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { startSecureServer, testCertificates, type SecureServer } from "../testing/secure-server.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./connection-limits.ts";

const { authority, serving, admin } = testCertificates;
const WATCH = "/api/v1/namespaces/default/configmaps?watch=1";
const options = { timeout: 30_000 };

/** One that has no time for what `limits` says, and all the time for the rest. */
function start(limits: Partial<ConnectionLimits>): Promise<SecureServer> {
  const listen = { port: 0, ...serving, clientCa: authority.certificate };
  return startSecureServer({ listen: { ...listen, connectionLimits: { ...CONNECTION_LIMITS, ...limits } } });
}

function connectTo(port: number): ClientHttp2Session {
  const identity = { ca: authority.certificate, cert: admin.certificate, key: admin.key };
  return connectHttp2(`https://127.0.0.1:${port}`, identity);
}

async function watchOver(session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  const stream = session.request({ ":path": WATCH });
  stream.on("error", () => {});
  await once(stream, "response");
  return stream;
}

test("a handshake that is not finished is given up, and counted", options, async () => {
  await using rig = await start({ handshakeMs: 50 });
  const socket = connect(rig.port, "127.0.0.1");
  await once(socket, "close");
  const { body } = await rig.get("/metrics");
  assert.match(body.toString(), /^apiserver_tls_handshake_errors_total 1$/m);
});

test(
  "a head of HTTP/1.1 that does not end, or does not begin, is answered with 408 or cut",
  options,
  async () => {
    await using rig = await start({ headersMs: 50 });
    for (const begun of ["GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ", ""]) {
      const socket = await rig.connect();
      let text = "";
      socket.on("data", (chunk) => (text += chunk));
      socket.on("error", () => {});
      socket.write(begun);
      await once(socket, "close");
      assert.match(text, begun ? /^HTTP\/1\.1 408 / : /^(HTTP\/1\.1 408 |$)/);
    }
  },
);

test("a connection that nobody uses is closed in words, one with a watch stays", options, async () => {
  await using rig = await start({ idleMs: 50 });
  const watching = connectTo(rig.port);
  const watch = await watchOver(watching);
  const idle = connectTo(rig.port);
  const [code] = await once(idle, "goaway");
  assert.equal(code, 0);
  await once(idle, "close");
  // By now the other was looked at as often.
  const next = connectTo(rig.port);
  await once(next, "close");
  assert.deepEqual([watching.closed, watching.destroyed, watch.closed], [false, false, false]);
  watch.close();
  await once(watching, "close");
});

test("a connection of HTTP/1.1 that nobody uses is closed", options, async () => {
  await using rig = await start({ idleMs: 50 });
  const socket = await rig.connect();
  socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  socket.resume();
  await once(socket, "close");
});

test("a client that has gone without a word loses its connection and its watch", options, async () => {
  await using rig = await start({ idleMs: 50, answerMs: 50 });
  await using network = await openNetwork(rig.port);
  const session = connectTo(network.port);
  session.on("error", () => {});
  await watchOver(session);
  const toServer = network.breaks();
  await once(toServer, "close");
  session.destroy();
});

/** What lies between a client and the server, and passes on what they say until it breaks. */
async function openNetwork(port: number) {
  const pairs: [Socket, Socket][] = [];
  const server = createServer((client) => {
    const toServer = connect(port, "127.0.0.1");
    for (const socket of [client, toServer]) socket.on("error", () => {});
    client.pipe(toServer);
    toServer.pipe(client);
    pairs.push([client, toServer]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    /** Nothing arrives any more, and neither side hears of it. */
    breaks(): Socket {
      for (const [client, toServer] of pairs) {
        client.unpipe();
        toServer.unpipe();
        toServer.resume();
      }
      return pairs[0]![1];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of pairs.flat()) socket.destroy();
      server.close();
    },
  };
}
