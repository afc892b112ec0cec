/** What is in use and being deleted stays until it is used no more. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Controller } from "@knarr/client/controller.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { persistentVolume } from "@knarr/kinds/core/persistent-volume.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { VolumeAttributesClass } from "@knarr/kinds/generated/storage-v1.ts";
import { volumeAttributesClass } from "@knarr/kinds/storage/volume-attributes-class.ts";
import { pvProtectionController } from "./pv-protection/controller.ts";
import { pvcProtectionController } from "./pvc-protection/controller.ts";
import { makeWorld } from "./testing/world.ts";
import { vacProtectionController } from "./vac-protection/controller.ts";

const world = (controller: Controller<any>) => makeWorld([controller]);
const at = { name: "c", namespace: "n" };
const claim = (rest: object = {}): PersistentVolumeClaim => ({ metadata: { ...at, ...rest } });
const user = (name: string, volumes: object[], nodeName = "node-1"): Pod =>
  ({ metadata: { name, namespace: "n" }, spec: { containers: [], volumes, nodeName } }) as Pod;
const volume = { name: "v", persistentVolumeClaim: { claimName: "c" } };

test("a claim without the finalizer gets it, and goes at once when no pod uses it", async () => {
  await using rig = await world(pvcProtectionController);
  await rig.create(persistentVolumeClaim, claim());
  const { metadata } = await rig.api.get(persistentVolumeClaim, "n/c");
  assert.deepEqual(metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  await rig.create(pod, user("elsewhere", [{ ...volume, persistentVolumeClaim: { claimName: "d" } }]));
  await rig.create(pod, user("waits", [volume], ""));
  await rig.delete(persistentVolumeClaim, claim());
  assert.deepEqual(await rig.list(persistentVolumeClaim), []);
});

test("a claim stays for a pod that has a node, finished or not", async () => {
  await using rig = await world(pvcProtectionController);
  await rig.create(persistentVolumeClaim, claim());
  const uses = await rig.create(pod, user("uses", [volume]));
  await rig.delete(persistentVolumeClaim, claim());
  await rig.change(pod, "n/uses", (object) => (object.status = { phase: "Succeeded" }));
  assert.equal((await rig.list(persistentVolumeClaim)).length, 1);
  await rig.delete(pod, uses);
  assert.deepEqual(await rig.list(persistentVolumeClaim), []);
});

test("a claim that was made for a pod stays for that pod, until its node is done with it", async () => {
  await using rig = await world(pvcProtectionController);
  const volumes = [{ name: "c", ephemeral: { volumeClaimTemplate: { spec: {} } } }];
  const { metadata } = await rig.create(pod, {
    ...user("p", volumes),
    metadata: { name: "p", namespace: "n", finalizers: ["x.io/held"] },
  });
  const owner = { apiVersion: "v1", kind: "Pod", name: "p", uid: metadata.uid!, controller: true };
  const made = claim({ name: "p-c", ownerReferences: [owner] });
  await rig.create(persistentVolumeClaim, made);
  await rig.delete(persistentVolumeClaim, made);
  assert.equal((await rig.list(persistentVolumeClaim)).length, 1);
  await rig.delete(pod, { metadata });
  await rig.change(pod, "n/p", (object) => (object.metadata.deletionGracePeriodSeconds = 0));
  assert.deepEqual(await rig.list(persistentVolumeClaim), []);
  const stranger = claim({ name: "p-c", ownerReferences: [{ ...owner, uid: "another" }] });
  await rig.create(persistentVolumeClaim, stranger);
  await rig.delete(persistentVolumeClaim, stranger);
  assert.deepEqual(await rig.list(persistentVolumeClaim), []);
});

test("a volume stays for as long as it is bound", async () => {
  await using rig = await world(pvProtectionController);
  const object: PersistentVolume = { metadata: { name: "v" }, status: { phase: "Bound" } };
  await rig.create(persistentVolume, object);
  await rig.delete(persistentVolume, object);
  const [held] = await rig.list(persistentVolume);
  assert.deepEqual(held!.metadata.finalizers, ["kubernetes.io/pv-protection"]);
  await rig.change(persistentVolume, "v", (one) => (one.status = { phase: "Released" }));
  assert.deepEqual(await rig.list(persistentVolume), []);
});

test("a class of attributes stays while a volume has it or a claim is to get it", async () => {
  await using rig = await world(vacProtectionController);
  const gold = { metadata: { name: "gold" }, driverName: "d.io" } as VolumeAttributesClass;
  await rig.create(volumeAttributesClass, gold);
  const spec = { volumeAttributesClassName: "gold" };
  const held = await rig.create(persistentVolume, { metadata: { name: "v" }, spec } as PersistentVolume);
  const modifyVolumeStatus = { status: "Pending", targetVolumeAttributesClassName: "gold" };
  await rig.create(persistentVolumeClaim, { ...claim(), status: { modifyVolumeStatus } });
  await rig.delete(volumeAttributesClass, gold);
  await rig.delete(persistentVolume, held);
  assert.equal((await rig.list(volumeAttributesClass)).length, 1);
  await rig.change(persistentVolumeClaim, "n/c", (object) => {
    object.status = { currentVolumeAttributesClassName: "silver" };
  });
  assert.deepEqual(await rig.list(volumeAttributesClass), []);
});
