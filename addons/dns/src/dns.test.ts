/** The DNS as its clients see it: real sockets, answers read by another decoder than ours, the world behind it a server of this test's. */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import { decode, encode, streamEncode, type Answer, type DecodedPacket, type Packet } from "dns-packet";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { startDns } from "./dns.ts";
import { usableServers } from "./upstreams.ts";

const zone = "cluster.local";

const world: [what: string, type: string, name: string, wanted: string[]][] = [
  ["a Service", "A", `web.default.svc.${zone}`, ["A 10.43.0.20"]],
  ["a dual-stack Service's IPv6", "AAAA", `web.default.svc.${zone}`, ["AAAA fd00::20"]],
  ["any case", "A", `WEB.default.SVC.${zone}`, ["A 10.43.0.20"]],
  ["no data of another type", "MX", `web.default.svc.${zone}`, ["NOERROR SOA"]],
  ["no data of the other family", "AAAA", `single.default.svc.${zone}`, ["NOERROR SOA"]],
  ["no such Service", "A", `none.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["a name from a search path", "A", `web.default.svc.${zone}.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["a name of the world from a search path", "A", `example.org.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["a namespace", "A", `default.svc.${zone}`, ["NOERROR SOA"]],
  ["no such namespace", "A", `web.none.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["svc itself", "A", `svc.${zone}`, ["NOERROR SOA"]],
  [
    "a named port",
    "SRV",
    `_http._tcp.web.default.svc.${zone}`,
    [`SRV 80 100 web.default.svc.${zone}`, "+A 10.43.0.20", "+AAAA fd00::20"],
  ],
  [
    "all ports",
    "SRV",
    `web.default.svc.${zone}`,
    [
      `SRV 53 50 web.default.svc.${zone}`,
      `SRV 80 50 web.default.svc.${zone}`,
      "+A 10.43.0.20",
      "+AAAA fd00::20",
    ],
  ],
  ["no such port", "SRV", `_none._tcp.web.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["the wrong protocol", "SRV", `_http._udp.web.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["a headless Service", "A", `db.default.svc.${zone}`, ["A 10.42.0.5", "A 10.42.0.6"]],
  [
    "a headless Service's port",
    "SRV",
    `_pg._tcp.db.default.svc.${zone}`,
    [
      `SRV 5432 50 10-42-0-6.db.default.svc.${zone}`,
      `SRV 5432 50 db-0.db.default.svc.${zone}`,
      "+A 10.42.0.5",
      "+A 10.42.0.6",
    ],
  ],
  ["an endpoint with a hostname", "A", `db-0.db.default.svc.${zone}`, ["A 10.42.0.5"]],
  ["an endpoint without one", "A", `10-42-0-6.db.default.svc.${zone}`, ["A 10.42.0.6"]],
  ["no endpoint that is not ready", "A", `db-2.db.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["one that is published all the same", "A", `early.default.svc.${zone}`, ["A 10.42.0.9"]],
  ["a headless Service without endpoints", "A", `empty.default.svc.${zone}`, ["NXDOMAIN SOA"]],
  ["a pod by its address", "A", `10-42-0-7.default.pod.${zone}`, ["A 10.42.0.7"]],
  ["a pod by its IPv6 address", "AAAA", `fd00--7.default.pod.${zone}`, ["AAAA fd00::7"]],
  ["no pod", "A", `nonsense.default.pod.${zone}`, ["NXDOMAIN SOA"]],
  ["a Service by its address", "PTR", "20.0.43.10.in-addr.arpa", [`PTR web.default.svc.${zone}`]],
  [
    "a Service by its IPv6 address",
    "PTR",
    "0.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
    [`PTR web.default.svc.${zone}`],
  ],
  ["an endpoint by its address", "PTR", "5.0.42.10.in-addr.arpa", [`PTR db-0.db.default.svc.${zone}`]],
  ["nobody in the cluster's networks", "PTR", "99.0.43.10.in-addr.arpa", ["NXDOMAIN SOA"]],
  ["the version", "TXT", `dns-version.${zone}`, ["TXT 1.1.0"]],
  ["the zone", "SOA", zone, [`SOA ns.dns.${zone}`]],
  ["the zone's server", "NS", zone, [`NS ns.dns.${zone}`, "+A 127.0.0.1"]],
  ["the server itself", "A", `ns.dns.${zone}`, ["A 127.0.0.1"]],
  ["an alias within", "A", `inside.default.svc.${zone}`, [`CNAME web.default.svc.${zone}`, "A 10.43.0.20"]],
  ["an alias to the world", "A", `outside.default.svc.${zone}`, ["CNAME www.example.org", "A 192.0.2.1"]],
  ["the alias alone", "CNAME", `outside.default.svc.${zone}`, ["CNAME www.example.org"]],
  ["the world", "A", "www.example.org", ["A 192.0.2.1"]],
  ["what the world does not have", "A", "none.example.org", ["NXDOMAIN"]],
];

test("the DNS answers as the specification says", async (t) => {
  const rig = await startRig(t);
  for (const [what, type, name, wanted] of world)
    await t.test(what, async () => {
      for (const round of ["first", "from memory"]) {
        const reply = await rig.ask(name, type);
        assert.deepEqual(textOf(reply), wanted, round);
        assert.equal(reply.questions![0]!.name, name, "the question comes back in its own spelling");
        for (const answer of reply.answers as { name: string }[])
          if (answer.name.toLowerCase() === name.toLowerCase()) assert.equal(answer.name, name);
      }
    });
});

test("the DNS follows changes at once", async (t) => {
  const rig = await startRig(t);
  const name = `late.default.svc.${zone}`;
  assert.deepEqual(textOf(await rig.ask(name, "A")), ["NXDOMAIN SOA"]);
  const created = await rig.api.create(service, serviceOf("late", { clusterIP: "10.43.0.77" }));
  await rig.until(async () => textOf(await rig.ask(name, "A"))[0] === "A 10.43.0.77");
  await rig.api.delete(service, "default/late", { uid: created.metadata.uid! });
  await rig.until(async () => textOf(await rig.ask(name, "A"))[0] === "NXDOMAIN SOA");
  assert.deepEqual(textOf(await rig.ask("77.0.43.10.in-addr.arpa", "PTR")), ["NXDOMAIN SOA"]);
});

test("the DNS lets the addresses of a headless Service go round", async (t) => {
  const rig = await startRig(t);
  const firsts = new Set<string>();
  for (let round = 0; round < 4; round++)
    firsts.add(
      (await rig.ask(`db.default.svc.${zone}`, "A")).answers!.map(
        (answer) => (answer as { data: string }).data,
      )[0]!,
    );
  assert.equal(firsts.size, 2);
});

test("the DNS cuts what is too long for UDP, and gives it over TCP", async (t) => {
  const rig = await startRig(t);
  const endpoints = Array.from({ length: 200 }, (_, n) => ({ addresses: [`10.42.1.${n}`] }));
  await rig.api.create(service, serviceOf("many", { clusterIP: "None" }));
  await rig.api.create(endpointSlice, sliceOf("many", endpoints));
  const name = `many.default.svc.${zone}`;
  await rig.until(async () => (await rig.ask(name, "A")).answers!.length > 0);
  const plain = await rig.ask(name, "A");
  assert.equal(plain.flag_tc, true);
  assert.ok(
    plain.answers!.length >= 25 && plain.answers!.length < 32,
    `${plain.answers!.length} fit into 512 bytes`,
  );
  const larger = await rig.ask(name, "A", { edns: 1232 });
  assert.ok(larger.answers!.length > 60);
  assert.equal((await rig.askTcp(name, "A")).answers!.length, 200);
});

test("the DNS speaks EDNS, and refuses what it does not understand", async (t) => {
  const rig = await startRig(t);
  const reply = await rig.ask(`web.default.svc.${zone}`, "A", { edns: 4096 });
  assert.equal(reply.additionals![0]!.type, "OPT");
  assert.deepEqual([reply.flag_aa, reply.flag_ra, reply.flag_rd], [true, true, true]);
  const status = async (bytes: Buffer) => (await rig.send(bytes))[3]! & 15;
  const question = encode({ id: 7, type: "query", questions: [{ type: "A", name: "x" }] });
  assert.equal(
    await status(Buffer.concat([question.subarray(0, 2), Buffer.from([0x10, 0]), question.subarray(4)])),
    4,
  );
  assert.equal(await status(question.subarray(0, 14)), 1);
  const chaos = Buffer.from(question);
  chaos[chaos.length - 1] = 3;
  assert.equal(await status(chaos), 5);
});

test("the DNS remembers what the world said for as long as it may, and asks the next server when one is down", async (t) => {
  const rig = await startRig(t, { down: 1 });
  assert.deepEqual(textOf(await rig.ask("www.example.org", "A")), ["A 192.0.2.1"]);
  const asked = rig.asked.length;
  rig.clock.advance(10_000);
  const again = await rig.ask("www.example.org", "A");
  assert.equal((again.answers![0] as { ttl: number }).ttl, 290);
  assert.equal(rig.asked.length, asked, "from memory");
  rig.clock.advance(291_000);
  await rig.ask("www.example.org", "A");
  assert.equal(rig.asked.length, asked + 1);
  const long = await rig.ask("long.example.org", "TXT", { edns: 1232 });
  assert.equal(long.flag_tc, true);
  assert.equal((await rig.askTcp("long.example.org", "TXT")).answers!.length, 20);
});

test("the DNS fails what nobody answers, and goes on with what it knew", async (t) => {
  const rig = await startRig(t);
  await rig.ask("www.example.org", "A");
  rig.close();
  assert.equal(codeOf(await rig.ask("other.example.org", "A")), "SERVFAIL");
  rig.clock.advance(400_000);
  const stale = await rig.ask("www.example.org", "A");
  assert.deepEqual(textOf(stale), ["A 192.0.2.1"]);
  assert.deepEqual(textOf(await rig.ask(`web.default.svc.${zone}`, "A")), ["A 10.43.0.20"]);
});

test("usableServers leaves out the stub, ourselves and nonsense, and keeps the rest", () => {
  const text =
    "# c\nnameserver 127.0.0.53\nnameserver 10.43.0.10\nnameserver fe80::1%eth0\nnameserver what\n nameserver 192.0.2.1 \nsearch x";
  assert.deepEqual(usableServers(text, ["10.43.0.10"]), ["fe80::1%eth0", "192.0.2.1"]);
});

async function startRig(t: TestContext, { down = 0 } = {}) {
  const upstream = await startUpstream(t);
  const nobody = createSocket("udp4").bind(0, "127.0.0.1");
  await once(nobody, "listening");
  const closedPort = nobody.address().port;
  nobody.close();
  const transport = new MemoryTransport();
  const api = createApi(transport, { signal: new AbortController().signal });
  await fill(api);
  const clock = new FakeClock();
  const dns = await startDns({
    transport,
    addresses: ["127.0.0.1"],
    port: 0,
    upstreams: [...Array(down).fill(`127.0.0.1:${closedPort}`), `127.0.0.1:${upstream.port}`],
    serviceCidr: "10.43.0.0/16",
    podCidr: "10.42.0.0/16",
    clock,
    log: silent,
    signal: AbortSignal.any([]),
  });
  t.after(() => dns[Symbol.asyncDispose]());
  await dns.synced;
  const client = createSocket("udp4");
  t.after(() => client.close());
  const send = async (bytes: Buffer) => {
    client.send(bytes, dns.port, "127.0.0.1");
    return ((await once(client, "message")) as [Buffer])[0];
  };
  return {
    api,
    clock,
    asked: upstream.asked,
    close: upstream.close,
    send,
    ask: async (name: string, type: string, options: { edns?: number } = {}) =>
      decode(await send(encode(query(name, type, options)))),
    askTcp: (name: string, type: string) => askTcp(dns.port, query(name, type, {})),
    async until(condition: () => Promise<boolean>) {
      while (!(await condition())) await new Promise(setImmediate);
    },
  };
}

async function askTcp(port: number, packet: Packet): Promise<DecodedPacket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(streamEncode(packet));
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    const all = Buffer.concat(chunks);
    if (all.length >= 2 && all.length >= all.readUInt16BE(0) + 2) return decode(all.subarray(2));
  }
  throw new Error("closed without an answer");
}

function query(name: string, type: string, { edns }: { edns?: number }): Packet {
  const opt = {
    type: "OPT",
    name: ".",
    udpPayloadSize: edns,
    flags: 0,
    extendedRcode: 0,
    ednsVersion: 0,
    options: [],
  };
  return {
    type: "query",
    id: 1 + Math.floor(Math.random() * 65_000),
    flags: 256,
    questions: [{ name, type: type as "A" }],
    ...(edns && { additionals: [opt as unknown as Answer] }),
  };
}

function codeOf(reply: DecodedPacket): string {
  return (reply as DecodedPacket & { rcode: string }).rcode; // its types leave it out
}

/** Answers, `+` additionals, or the code and what the authority section has. */
function textOf(reply: DecodedPacket): string[] {
  const line = (record: Answer): string => {
    const { type, data } = record as { type: string; data: any };
    if (type === "SRV") return `SRV ${data.port} ${data.weight} ${data.target}`;
    if (type === "SOA") return `SOA ${data.mname}`;
    return `${type} ${String(data)}`;
  };
  if (!reply.answers?.length)
    return [[codeOf(reply), ...(reply.authorities ?? []).map(({ type }) => type)].join(" ")];
  const answers = reply.answers.map(line);
  const additionals = (reply.additionals ?? []).map((record) => `+${line(record)}`);
  const isAlias = reply.answers.some(({ type }) => type === "CNAME");
  return [...(isAlias ? answers : answers.sort()), ...additionals.sort()];
}

/** The world: www.example.org, and a long text that needs TCP. */
async function startUpstream(t: TestContext) {
  const asked: string[] = [];
  const answerTo = (bytes: Buffer, transport: "udp" | "tcp"): Packet => {
    const { id = 0, questions = [] } = decode(bytes);
    const { name, type } = questions[0]!;
    asked.push(`${transport} ${type} ${name}`);
    const isKnown = name === "www.example.org" || name === "long.example.org";
    const cut = name === "long.example.org" && transport === "udp";
    const answers: Answer[] =
      name === "long.example.org"
        ? Array.from(
            { length: cut ? 0 : 20 },
            () => ({ type: "TXT", name, ttl: 60, data: "x".repeat(200) }) as Answer,
          )
        : isKnown
          ? [{ type: "A", name, ttl: 300, data: "192.0.2.1" }]
          : [];
    return { type: "response", id, flags: 0x180 | (cut ? 0x200 : 0) | (isKnown ? 0 : 3), questions, answers };
  };
  const { udp, tcp, port } = await bindBoth();
  udp.on("message", (bytes, to) => udp.send(encode(answerTo(bytes, "udp")), to.port, to.address));
  tcp.on("connection", (socket) => {
    socket.on("error", () => {}); // the client has what it wanted
    socket.once("data", (bytes: Buffer) => socket.end(streamEncode(answerTo(bytes.subarray(2), "tcp"))));
  });
  let isOpen = true;
  const close = () => {
    if (isOpen) {
      udp.close();
      tcp.close();
    }
    isOpen = false;
  };
  t.after(close);
  return { port, asked, close };
}

async function bindBoth(): Promise<{ udp: Socket; tcp: Server; port: number }> {
  const tcp = createServer().listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp4").bind(port, "127.0.0.1");
  try {
    await once(udp, "listening");
    return { udp, tcp, port };
  } catch {
    tcp.close(); // somebody has that port of the other kind: try another
    return await bindBoth();
  }
}

async function fill(api: ReturnType<typeof createApi>): Promise<void> {
  await api.create(namespace, { metadata: { name: "default" } });
  const tcp = (name: string, port: number) => ({ name, port, protocol: "TCP" });
  const services = [
    serviceOf("web", {
      clusterIP: "10.43.0.20",
      clusterIPs: ["10.43.0.20", "fd00::20"],
      ports: [tcp("http", 80), { name: "dns", port: 53, protocol: "UDP" }],
    }),
    serviceOf("single", { clusterIP: "10.43.0.21", ports: [tcp("", 1)] }),
    serviceOf("db", { clusterIP: "None", ports: [tcp("pg", 5432)] }),
    serviceOf("early", { clusterIP: "None", publishNotReadyAddresses: true }),
    serviceOf("empty", { clusterIP: "None" }),
    serviceOf("inside", { type: "ExternalName", externalName: `web.default.svc.${zone}` }),
    serviceOf("outside", { type: "ExternalName", externalName: "www.example.org" }),
  ];
  for (const object of services) await api.create(service, object);
  const endpoints = [
    { addresses: ["10.42.0.5"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.42.0.6"] },
    { addresses: ["10.42.0.8"], hostname: "db-2", conditions: { ready: false } },
  ];
  await api.create(endpointSlice, sliceOf("db", endpoints, 5432));
  await api.create(
    endpointSlice,
    sliceOf("early", [{ addresses: ["10.42.0.9"], conditions: { ready: false } }]),
  );
}

function serviceOf(name: string, spec: NonNullable<Service["spec"]>): Service {
  return { metadata: { name, namespace: "default" }, spec };
}

function sliceOf(name: string, endpoints: Endpoint[], port?: number): EndpointSlice {
  const labels = { "kubernetes.io/service-name": name };
  return {
    metadata: { name: `${name}-1`, namespace: "default", labels },
    addressType: "IPv4",
    endpoints,
    ...(port && { ports: [{ name: "pg", port, protocol: "TCP" }] }),
  };
}
