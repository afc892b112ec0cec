/** What admission does to storage: a class for claims without one, finalizers, and growth only where it can be had. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import type { PersistentVolumeClaim } from "@knarr/kinds/generated/core-v1.ts";
import { IS_DEFAULT_CLASS, storageClass } from "@knarr/kinds/storage/storage-class.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

async function addClass(rig: TestServer, name: string, { isDefault = true, canGrow = false } = {}) {
  await rig.api.create(storageClass, {
    metadata: { name, ...(isDefault && { annotations: { [IS_DEFAULT_CLASS]: "true" } }) },
    provisioner: "x.io/p",
    allowVolumeExpansion: canGrow,
  });
}

function claim(rig: TestServer, name: string, spec: object = {}): Promise<PersistentVolumeClaim> {
  const resources = { requests: { storage: "1Gi" } };
  return rig.api.create(persistentVolumeClaim, {
    metadata: { name, namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources, ...spec },
  } as PersistentVolumeClaim & { metadata: object }) as Promise<PersistentVolumeClaim>;
}

test("a claim gets the newest default class, and the finalizer that protects it", async () => {
  await using rig = await startTestServer();
  assert.equal((await claim(rig, "none")).spec?.storageClassName, undefined);
  await addClass(rig, "old");
  await addClass(rig, "other", { isDefault: false });
  rig.clock.advance(5000);
  await addClass(rig, "new");
  const made = await claim(rig, "a");
  assert.equal(made.spec?.storageClassName, "new");
  assert.deepEqual(made.metadata?.finalizers, ["kubernetes.io/pvc-protection"]);
  assert.equal((await claim(rig, "b", { storageClassName: "" })).spec?.storageClassName, "");
});

test("a claim grows when it is bound and its class allows it", async () => {
  await using rig = await startTestServer();
  await addClass(rig, "fixed");
  await addClass(rig, "growing", { isDefault: false, canGrow: true });
  const grow = async (name: string): Promise<unknown> => {
    const { spec, ...rest } = (await rig.api.get(persistentVolumeClaim, `default/${name}`)) as any;
    return rig.api.update(persistentVolumeClaim, {
      ...rest,
      spec: { ...spec, resources: { requests: { storage: "2Gi" } } },
    });
  };
  const bind = async (name: string): Promise<unknown> => {
    const found = (await rig.api.get(persistentVolumeClaim, `default/${name}`)) as any;
    return rig.api.updateStatus(persistentVolumeClaim, {
      ...found,
      status: { phase: "Bound", capacity: { storage: "1Gi" } },
    });
  };
  await claim(rig, "a");
  await claim(rig, "b", { storageClassName: "growing" });
  // An unbound claim's size is fixed by the kind itself.
  await assert.rejects(grow("b"), /spec is immutable after creation/);
  await Promise.all(["a", "b"].map(bind));
  await assert.rejects(grow("a"), /the storageclass that provisions the pvc must support resize$/);
  await grow("b");
});
