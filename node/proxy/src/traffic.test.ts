/**
 * The rules against real packets: a node, two pods and a neighbour, each a network namespace of its own.
 *
 *     lan 192.0.2.1 ── node 192.0.2.10 ┬─ pod-a 10.42.0.5
 *                                      └─ pod-b 10.42.0.6
 */

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { after, before, test } from "node:test";
import { baseRules } from "./base-rules.ts";
import { hostPortRules } from "./host-ports.ts";
import { Ruleset } from "./ruleset.ts";
import type { ServicePort } from "./service-port.ts";
import { serviceRules } from "./service-rules.ts";

const id = `kp${process.pid % 100000}`;
const skip =
  spawnSync("unshare", ["--net", "nft", "list", "tables"]).status === 0 ? false : "needs root and nft";
const network = { clusterCidr: "10.42.0.0/16", podCidr: "10.42.0.0/24" };
const pods = { a: "10.42.0.5", b: "10.42.0.6" } as const;
const servers: ChildProcess[] = [];

const web: ServicePort = {
  name: "default/web",
  protocol: "tcp",
  port: 80,
  clusterIP: "10.43.0.9",
  nodePort: 30080,
  externalIPs: [],
  sourceRanges: [],
  internalLocal: false,
  externalLocal: false,
  affinitySeconds: undefined,
  targets: Object.values(pods).map((address) => ({ address, port: 8080 })),
  localTargets: Object.values(pods).map((address) => ({ address, port: 8080 })),
};

function ip(...words: string[]): void {
  execFileSync("ip", words);
}

before(async () => {
  if (skip) return;
  for (const name of ["node", "lan", "a", "b"]) {
    ip("netns", "add", `${id}-${name}`);
    ip("-n", `${id}-${name}`, "link", "set", "lo", "up");
  }
  connect("lan", "eth0", "192.0.2.1/24", "192.0.2.10/24");
  ip("-n", `${id}-node`, "route", "add", "default", "via", "192.0.2.1");
  execFileSync("ip", ["netns", "exec", `${id}-node`, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]);
  for (const [name, address] of Object.entries(pods)) {
    connect(name, `veth-${name}`, `${address}/24`, "10.42.0.1/32");
    ip("-n", `${id}-node`, "route", "add", `${address}/32`, "dev", `veth-${name}`);
    ip(
      "-n",
      `${id}-${name}`,
      "route",
      "replace",
      "10.42.0.0/24",
      "via",
      "10.42.0.1",
      "dev",
      "eth0",
      "onlink",
    );
    ip("-n", `${id}-${name}`, "route", "add", "default", "via", "10.42.0.1", "dev", "eth0", "onlink");
    servers.push(
      spawn("nsenter", [`--net=/var/run/netns/${id}-${name}`, process.execPath, "-e", serverSource(name)], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.stdout!.once("data", resolve))));
});

after(() => {
  for (const server of servers) server.kill();
  for (const name of ["node", "lan", "a", "b"]) spawnSync("ip", ["netns", "delete", `${id}-${name}`]);
});

/** A wire between the node and another namespace. */
function connect(name: string, nodeLink: string, address: string, nodeAddress: string): void {
  ip(
    "-n",
    `${id}-node`,
    "link",
    "add",
    nodeLink,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    `${id}-${name}`,
  );
  ip("-n", `${id}-${name}`, "address", "add", address, "dev", "eth0");
  ip("-n", `${id}-node`, "address", "add", nodeAddress, "dev", nodeLink);
  ip("-n", `${id}-${name}`, "link", "set", "eth0", "up");
  ip("-n", `${id}-node`, "link", "set", nodeLink, "up");
}

function serverSource(name: string): string {
  return `require("net").createServer((s) => s.end(${JSON.stringify(name)} + " sees " + s.remoteAddress.replace("::ffff:", ""))).listen(8080, () => console.log("up"))`;
}

/** What answers a connection from a namespace; `refused` and `timeout` are answers too. */
function call(from: string, address: string, port: number): string {
  const source = `const s = require("net").connect({ host: ${JSON.stringify(address)}, port: ${port}, timeout: 1500 });
    s.on("data", (d) => process.stdout.write(d)).on("end", () => s.destroy());
    s.on("timeout", () => { process.stdout.write("timeout"); s.destroy(); });
    s.on("error", (e) => process.stdout.write(e.code === "ECONNREFUSED" ? "refused" : e.code));`;
  return execFileSync("nsenter", [`--net=/var/run/netns/${id}-${from}`, process.execPath, "-e", source], {
    encoding: "utf8",
  });
}

function load(fill: (rules: Ruleset) => void): void {
  const rules = new Ruleset();
  fill(rules);
  const { script } = rules.takeAll();
  execFileSync("nsenter", [`--net=/var/run/netns/${id}-node`, "nft", "-f", "-"], {
    input: baseRules(network) + script,
  });
}

const only = (name: keyof typeof pods): ServicePort["targets"] => [{ address: pods[name], port: 8080 }];

test(
  "a Service is reached by its cluster address from pods and node, by its node port from outside",
  { skip },
  () => {
    load((rules) => rules.replace("web", serviceRules({ ...web, targets: only("b") }, network)));
    assert.equal(call("a", "10.43.0.9", 80), "b sees 10.42.0.5");
    assert.match(call("node", "10.43.0.9", 80), /^b sees (192\.0\.2\.10|10\.42\.0\.1)$/);
    assert.match(call("lan", "192.0.2.10", 30080), /^b sees 10\.42\.0\.1$/);
    assert.match(call("a", "192.0.2.10", 30080), /^b sees /);
  },
);

test("a pod reaches itself through its Service", { skip }, () => {
  load((rules) => rules.replace("web", serviceRules({ ...web, targets: only("a") }, network)));
  assert.match(call("a", "10.43.0.9", 80), /^a sees 10\.42\.0\.1$/);
});

test("connections spread over endpoints, or stay with one when the Service says so", { skip }, () => {
  load((rules) => rules.replace("web", serviceRules(web, network)));
  const spread = new Set<string>();
  // By chance alone, 60 connections miss one of two endpoints once in 10^17 runs.
  for (let tries = 0; tries < 60 && spread.size < 2; tries++)
    spread.add(call("node", "10.43.0.9", 80).slice(0, 6));
  assert.deepEqual([...spread].sort(), ["a sees", "b sees"]);
  load((rules) => rules.replace("web", serviceRules({ ...web, affinitySeconds: 60 }, network)));
  const kept = new Set(Array.from({ length: 6 }, () => call("node", "10.43.0.9", 80)[0]));
  assert.equal(kept.size, 1);
});

test("a Service without endpoints refuses, and so does a port it does not have", { skip }, () => {
  load((rules) => rules.replace("web", serviceRules({ ...web, targets: [], localTargets: [] }, network)));
  assert.equal(call("a", "10.43.0.9", 80), "refused");
  assert.equal(call("node", "10.43.0.9", 80), "refused");
  assert.equal(call("lan", "192.0.2.10", 30080), "refused");
  assert.equal(call("a", "10.43.0.9", 81), "refused");
});

test(
  "externalTrafficPolicy Local keeps client addresses, and drops where no endpoint is local",
  { skip },
  () => {
    load((rules) =>
      rules.replace(
        "web",
        serviceRules({ ...web, externalLocal: true, targets: only("b"), localTargets: only("b") }, network),
      ),
    );
    assert.equal(call("lan", "192.0.2.10", 30080), "b sees 192.0.2.1");
    load((rules) =>
      rules.replace(
        "web",
        serviceRules({ ...web, externalLocal: true, targets: only("b"), localTargets: [] }, network),
      ),
    );
    assert.equal(call("lan", "192.0.2.10", 30080), "timeout");
    assert.match(call("a", "192.0.2.10", 30080), /^b sees /);
  },
);

test("host ports lead to their pod from outside, from the node, and only on their address", { skip }, () => {
  const pod = {
    metadata: { name: "a" },
    spec: {
      containers: [
        {
          name: "web",
          ports: [
            { containerPort: 8080, hostPort: 8888 },
            { containerPort: 8080, hostPort: 9999, hostIP: "192.0.2.10" },
          ],
        },
      ],
    },
    status: { podIP: pods.a, phase: "Running" },
  };
  load((rules) => rules.replace("pod", hostPortRules(pod)));
  assert.equal(call("lan", "192.0.2.10", 8888), "a sees 192.0.2.1");
  assert.match(call("node", "192.0.2.10", 8888), /^a sees /);
  assert.equal(call("lan", "192.0.2.10", 9999), "a sees 192.0.2.1");
  assert.equal(call("b", "10.42.0.1", 9999), "refused");
});

test("pods leave the cluster with the node's address", { skip }, () => {
  load(() => undefined);
  const server = spawn(
    "nsenter",
    [`--net=/var/run/netns/${id}-lan`, process.execPath, "-e", serverSource("lan")],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  servers.push(server);
  return new Promise<void>((resolve) => server.stdout!.once("data", () => resolve())).then(() =>
    assert.equal(call("a", "192.0.2.1", 8080), "lan sees 192.0.2.10"),
  );
});
