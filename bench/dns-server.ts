/** The process that bench/dns.ts measures: the DNS over 10,000 Services, or (`echo`) a socket that sends everything back. Says its port to its parent. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { startDns } from "@knarr/dns/dns.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { silent } from "@knarr/std/log.ts";

const SERVICES = 10_000;
process.send!(process.argv[2] === "echo" ? await echo() : await serve());

async function echo(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("message", (bytes, to) => socket.send(bytes, to.port, to.address));
  return socket.address().port;
}

async function serve(): Promise<number> {
  const { signal } = new AbortController();
  const transport = new MemoryTransport();
  const api = createApi(transport, { signal });
  await api.create(namespace, { metadata: { name: "default" } });
  for (let i = 0; i < SERVICES; i++)
    await api.create(service, {
      metadata: { name: `web-${i}`, namespace: "default" },
      spec: { clusterIP: `10.43.${i >> 8}.${i & 255}`, ports: [{ port: 80 }] },
    });
  const dns = await startDns({
    transport,
    addresses: ["127.0.0.1"],
    port: 0,
    upstreams: [],
    log: silent,
    signal,
  });
  await dns.synced;
  return dns.port;
}
