/** Claims and slices in their oldest served form: what it means, and that nothing is lost on the way there and back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { ResourceClaim } from "../../../generated/resource-v1beta1.ts";
import { resourceClaimV1beta1 } from "../../resource/resource-claim.ts";
import { resourceSliceV1beta1 } from "../../resource/resource-slice.ts";

const claim = (...requests: object[]): ResourceClaim => ({
  apiVersion: "resource.k8s.io/v1beta1",
  kind: "ResourceClaim",
  metadata: { name: "c", namespace: "d" },
  spec: { devices: { requests: requests as never } },
});
const hubOf = (object: ResourceClaim): any =>
  resourceClaimV1beta1.stored!.toHub(structuredClone(object) as never);
const backOf = (hub: object): any => resourceClaimV1beta1.stored!.fromHub(structuredClone(hub));

test("a v1beta1 request has beside its name what v1 has under exactly", () => {
  const object = claim({ name: "a", deviceClassName: "gpu" });
  resourceClaimV1beta1.defaults!(object);
  const hub = hubOf(object);
  assert.equal(hub.apiVersion, "resource.k8s.io/v1");
  assert.deepEqual(hub.spec.devices.requests, [
    { name: "a", exactly: { deviceClassName: "gpu", allocationMode: "ExactCount", count: 1 } },
  ]);
  assert.deepEqual(backOf(hub).spec, object.spec);
});

test("a v1beta1 request with alternatives alone is one of alternatives", () => {
  const alternatives = [{ name: "x", deviceClassName: "gpu" }];
  const object = claim({ name: "a", deviceClassName: "", firstAvailable: alternatives }); // as Go writes it
  resourceClaimV1beta1.defaults!(object);
  const [request] = hubOf(object).spec.devices.requests;
  assert.equal(request.exactly, undefined);
  assert.equal(request.firstAvailable[0].count, 1);
  assert.deepEqual(backOf(hubOf(object)).spec, object.spec);
});

test("the rules of v1 hold for v1beta1, and name fields as v1 does", () => {
  const errors = new FieldErrors();
  resourceClaimV1beta1.validate!(claim({ name: "a", count: 2, allocationMode: "ExactCount" }), errors);
  assert.deepEqual(
    errors.list.map(({ field }) => field),
    ["spec.devices.requests[0].exactly.deviceClassName"],
  );
});

test("a v1beta1 device lies under basic, and an empty node is none", () => {
  const pool = { name: "p", generation: 0, resourceSliceCount: 1 };
  const spec = { driver: "d", pool, allNodes: true, devices: [{ name: "x", basic: { bindsToNode: true } }] };
  const object: any = { metadata: { name: "s" }, spec: { ...spec, nodeName: "" } };
  const hub: any = resourceSliceV1beta1.stored!.toHub(structuredClone(object));
  assert.deepEqual(hub.spec.devices, [{ name: "x", bindsToNode: true }]);
  assert.equal(hub.spec.nodeName, undefined);
  const back: any = resourceSliceV1beta1.stored!.fromHub(structuredClone(hub));
  assert.deepEqual(back.spec, spec);
});
