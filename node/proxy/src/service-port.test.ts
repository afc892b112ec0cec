/** Which endpoints a Service's packets may go to. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { hostPortRules } from "./host-ports.ts";
import { servicePorts } from "./service-port.ts";
import { staleFlows } from "./conntrack.ts";

const web: Service = {
  metadata: { name: "web", namespace: "default" },
  spec: { clusterIP: "10.43.0.9", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
};

function slice(...endpoints: NonNullable<EndpointSlice["endpoints"]>): EndpointSlice {
  return {
    metadata: { name: "web-1" },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    endpoints,
  };
}

const one = { addresses: ["10.42.0.5"], nodeName: "n1", conditions: { ready: true } };
const two = { addresses: ["10.42.1.6"], nodeName: "n2", conditions: { ready: true } };
const leaving = {
  addresses: ["10.42.1.7"],
  nodeName: "n2",
  conditions: { ready: false, serving: true, terminating: true },
};

for (const { name, endpoints, want, local } of [
  { name: "all ready ones", endpoints: [two, one], want: ["10.42.0.5", "10.42.1.6"], local: ["10.42.0.5"] },
  {
    name: "not one that is leaving, while others are ready",
    endpoints: [one, leaving],
    want: ["10.42.0.5"],
    local: ["10.42.0.5"],
  },
  {
    name: "one that is leaving but serves, when nothing else is left",
    endpoints: [leaving],
    want: ["10.42.1.7"],
    local: [],
  },
  {
    name: "none that is not ready",
    endpoints: [{ ...one, conditions: { ready: false } }],
    want: [],
    local: [],
  },
]) {
  test(`servicePorts chooses ${name}`, () => {
    const [port] = servicePorts(web, [slice(...endpoints)], "n1");
    assert.deepEqual(
      port!.targets.map(({ address }) => address),
      want,
    );
    assert.deepEqual(
      port!.localTargets.map(({ address }) => address),
      local,
    );
  });
}

test("servicePorts has none for headless and ExternalName Services", () => {
  assert.deepEqual(
    servicePorts({ ...web, spec: { ...web.spec, clusterIP: "None" } }, [slice(one)], "n1"),
    [],
  );
  assert.deepEqual(
    servicePorts({ ...web, spec: { ...web.spec, type: "ExternalName" } }, [slice(one)], "n1"),
    [],
  );
});

test("staleFlows names the UDP flows of an endpoint that is gone, and no TCP ones", () => {
  const udp = { ...servicePorts(web, [slice(one, two)], "n1")[0]!, protocol: "udp" as const };
  const after = { ...udp, targets: udp.targets.slice(1) };
  assert.deepEqual(staleFlows(udp, after), [
    ["-D", "-p", "udp", "--orig-dst", "10.43.0.9", "--dport", "80", "--reply-src", "10.42.0.5"],
  ]);
  assert.deepEqual(staleFlows({ ...udp, protocol: "tcp" }, { ...after, protocol: "tcp" }), []);
});

test("hostPortRules claim the port on every address, or on the one that is named", () => {
  const pod = {
    metadata: { name: "web" },
    spec: {
      containers: [
        {
          name: "web",
          ports: [
            { containerPort: 80, hostPort: 8080 },
            { containerPort: 53, hostPort: 53, hostIP: "192.0.2.1", protocol: "UDP" },
          ],
        },
      ],
    },
    status: { podIP: "10.42.0.5", phase: "Running" },
  };
  const { elements } = hostPortRules(pod);
  assert.deepEqual([...elements!.get("host-ports")!], [["tcp . 8080", "10.42.0.5 . 80"]]);
  assert.deepEqual([...elements!.get("host-address-ports")!], [["192.0.2.1 . udp . 53", "10.42.0.5 . 53"]]);
  assert.equal(hostPortRules({ ...pod, status: { ...pod.status, phase: "Succeeded" } }).elements, undefined);
});
