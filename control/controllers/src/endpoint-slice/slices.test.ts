/** planSlices: endpoints over slices, with as few writes as can be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { planSlices, type Changes, type Group } from "./slices.ts";

const owner: Service = {
  metadata: { name: "web", namespace: "default", uid: "svc", labels: { team: "a" } },
  spec: { clusterIP: "10.0.0.1" },
};
const http: EndpointPort = { name: "http", port: 80, protocol: "TCP" };

function endpoint(n: number, ready = true): Endpoint {
  return {
    addresses: [`10.1.${n >> 8}.${n & 255}`],
    conditions: { ready },
    targetRef: { uid: `p${n}` } as never,
  };
}

function group(numbers: readonly number[], ports = [http], ready = true): Group {
  return { ports, endpoints: new Map(numbers.map((n) => [`p${n}`, endpoint(n, ready)])) };
}

function plan(groups: readonly Group[], existing: readonly EndpointSlice[], service = owner): Changes {
  return planSlices({
    owner: service,
    manager: "m",
    family: "IPv4",
    groups,
    existing,
    identify: ({ targetRef }) => targetRef!.uid!,
  });
}

/** The slices that exist once a plan is carried out. */
function apply(
  { create, update, remove }: Changes,
  existing: readonly EndpointSlice[] = [],
): EndpointSlice[] {
  const named = new Map(existing.map((slice) => [slice.metadata.name!, slice]));
  for (const { metadata } of remove) named.delete(metadata.name!);
  for (const slice of update) named.set(slice.metadata.name!, slice);
  for (const [i, slice] of create.entries()) {
    const name = `s${named.size}-${i}`;
    named.set(name, { ...slice, metadata: { ...slice.metadata, name, resourceVersion: "1" } });
  }
  return [...named.values()];
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const sizes = (slices: readonly EndpointSlice[]) =>
  slices.map(({ endpoints }) => endpoints!.length).toSorted((a, b) => b - a);
const writes = ({ create, update, remove }: Changes) => create.length + update.length + remove.length;

test("planSlices makes slices of at most 100 endpoints, labelled and owned", () => {
  const { create } = plan([group(range(0, 250))], []);
  assert.deepEqual(sizes(create), [100, 100, 50]);
  const { metadata, addressType, ports } = create[0]!;
  assert.deepEqual(metadata.labels, {
    team: "a",
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "m",
  });
  assert.deepEqual(
    { generateName: metadata.generateName, owner: metadata.ownerReferences![0]!.uid, addressType, ports },
    { generateName: "web-", owner: "svc", addressType: "IPv4", ports: [http] },
  );
});

test("planSlices writes nothing when everything is right", () => {
  const existing = apply(plan([group(range(0, 150))], []));
  assert.equal(writes(plan([group(range(0, 150))], existing)), 0);
});

test("planSlices writes only the slice of the endpoint that changed", () => {
  const existing = apply(plan([group(range(0, 250))], []));
  const changed = new Map(group(range(0, 250)).endpoints);
  changed.set("p7", endpoint(7, false));
  const changes = plan([{ ports: [http], endpoints: changed }], existing);
  assert.equal(changes.update.length, 1);
  assert.equal(writes(changes), 1);
});

test("planSlices puts new endpoints into slices that change anyway, then into one with room", () => {
  const existing = apply(plan([group(range(0, 240))], []));
  // one goes from the first slice and two come: the first takes one of them, the last the other
  const changes = plan([group([...range(1, 240), 900, 901])], existing);
  assert.equal(writes(changes), 2);
  assert.deepEqual(sizes(apply(changes, existing)), [100, 100, 41]);
  assert.equal(writes(plan([group([...range(0, 240), 900])], existing)), 1);
});

test("planSlices removes a slice whose endpoints are all gone", () => {
  const existing = apply(plan([group(range(0, 150))], []));
  const changes = plan([group(range(0, 100))], existing);
  assert.equal(changes.remove.length, 1);
  assert.deepEqual(sizes(apply(changes, existing)), [100]);
});

test("planSlices keeps one empty slice for a Service without endpoints", () => {
  const placeholder = apply(plan([], []));
  assert.deepEqual(sizes(placeholder), [0]);
  assert.equal(writes(plan([], placeholder)), 0);
  const filled = plan([group([1])], placeholder);
  assert.equal(writes(filled), 1);
  assert.deepEqual(sizes(apply(filled, placeholder)), [1]);
  const emptied = plan([], apply(filled, placeholder));
  assert.equal(writes(emptied), 1);
});

test("planSlices keeps endpoints with other ports apart, whatever the order of ports", () => {
  const https = { name: "https", port: 443, protocol: "TCP" };
  const existing = apply(plan([group([1], [http, https]), group([2], [http])], []));
  assert.equal(existing.length, 2);
  assert.equal(writes(plan([group([1], [https, http]), group([2], [http])], existing)), 0);
});

test("planSlices follows the labels of its Service, and says when it is headless", () => {
  const existing = apply(plan([group([1])], []));
  const renamed = {
    ...owner,
    metadata: { ...owner.metadata, labels: { team: "b" } },
    spec: { clusterIP: "None" },
  };
  const [slice] = plan([group([1])], existing, renamed).update;
  assert.equal(slice!.metadata.labels!["team"], "b");
  assert.equal(slice!.metadata.labels!["service.kubernetes.io/headless"], "");
});

test("planSlices removes slices of an earlier Service of the same name", () => {
  const existing = apply(plan([group([1])], []));
  const again = { ...owner, metadata: { ...owner.metadata, uid: "another" } };
  const changes = plan([group([1])], existing, again);
  assert.deepEqual([changes.create.length, changes.update.length, changes.remove.length], [1, 0, 1]);
});
