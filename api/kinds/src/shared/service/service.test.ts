/** Rules of Services that recorded answers do not reach; the others are held by answers.test.ts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FieldErrors } from "@knarr/machinery/field.ts";

import type { Service, ServiceSpec } from "../../../generated/core-v1.ts";
import { service as kind } from "../../core/service.ts";
import { settleAllocated, settleIpFamilies, type ClusterFamilies } from "./network.ts";

const single: ClusterFamilies = { primary: "IPv4", isDualStack: false };
const dual: ClusterFamilies = { primary: "IPv4", isDualStack: true };

function serviceWith(spec: ServiceSpec): Service {
  const service: Service = { metadata: { name: "web" }, spec: { ports: [{ port: 80 }], ...spec } };
  kind.defaults!(service);
  return service;
}

function settle(service: Service, previous: Service | undefined, cluster: ClusterFamilies): string[] {
  const errors = new FieldErrors();
  settleAllocated(service, previous);
  settleIpFamilies(service, previous, errors, cluster);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

test("settleIpFamilies gives one family unless asked for two", () => {
  const service = serviceWith({ selector: { app: "web" } });
  assert.deepEqual(settle(service, undefined, dual), []);
  assert.equal(service.spec!.ipFamilyPolicy, "SingleStack");
  assert.deepEqual(service.spec!.ipFamilies, ["IPv4"]);
});

test("settleIpFamilies gives both where they are preferred and can be had", () => {
  for (const [cluster, families] of [
    [dual, ["IPv4", "IPv6"]],
    [single, ["IPv4"]],
  ] as const) {
    const service = serviceWith({ selector: { app: "web" }, ipFamilyPolicy: "PreferDualStack" });
    settle(service, undefined, cluster);
    assert.deepEqual(service.spec!.ipFamilies, families);
  }
});

test("settleIpFamilies refuses what the cluster has not", () => {
  const service = serviceWith({ ipFamilyPolicy: "RequireDualStack", selector: { app: "web" } });
  assert.deepEqual(settle(service, undefined, single), [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ]);
});

test("settleIpFamilies expects both families behind headless services without a selector", () => {
  const service = serviceWith({ clusterIP: "None" });
  assert.deepEqual(settle(service, undefined, single), []);
  assert.equal(service.spec!.ipFamilyPolicy, "RequireDualStack");
  assert.deepEqual(service.spec!.ipFamilies, ["IPv4", "IPv6"]);
});

test("settleAllocated puts back what the client left out, ports by their names", () => {
  const previous = serviceWith({
    type: "NodePort",
    clusterIP: "10.96.0.7",
    clusterIPs: ["10.96.0.7"],
    ports: [
      { name: "a", port: 80, nodePort: 30001 },
      { name: "b", port: 81, nodePort: 30002 },
    ],
  });
  const service = serviceWith({
    type: "NodePort",
    ports: [
      { name: "b", port: 8081 },
      { name: "a", port: 80 },
      { name: "c", port: 82, nodePort: 30001 },
    ],
  });
  settleAllocated(service, previous);
  assert.deepEqual(service.spec!.clusterIPs, ["10.96.0.7"]);
  assert.deepEqual(
    service.spec!.ports!.map(({ nodePort }) => nodePort),
    [30002, undefined, 30001],
  );
});

test("settleAllocated follows clients that know only the singular", () => {
  const previous = serviceWith({ clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"] });
  const service = serviceWith({ clusterIP: "None", clusterIPs: ["10.96.0.7"] });
  settleAllocated(service, previous);
  assert.deepEqual(service.spec!.clusterIPs, ["None"]);
});

test("prepareForUpdate drops what belonged to the former type, unless it was changed", () => {
  const previous = serviceWith({ type: "LoadBalancer", clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"] });
  const service = structuredClone(previous);
  service.spec!.type = "ExternalName";
  service.spec!.externalName = "example.com";
  kind.prepareForUpdate!(service, previous);
  assert.equal(service.spec!.clusterIP, undefined);
  assert.equal(service.spec!.clusterIPs, undefined);
  assert.equal(service.spec!.allocateLoadBalancerNodePorts, undefined);
  assert.equal(service.spec!.externalTrafficPolicy, undefined);
});

test("validateUpdate keeps cluster addresses", () => {
  const previous = serviceWith({ clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ipFamilies: ["IPv4"] });
  const service = serviceWith({ clusterIP: "10.96.0.8", clusterIPs: ["10.96.0.8"], ipFamilies: ["IPv4"] });
  const errors = new FieldErrors();
  kind.validateUpdate!(service, previous, errors);
  assert.deepEqual(
    errors.list.map(({ field, message }) => `${field}: ${message}`),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
  );
});
