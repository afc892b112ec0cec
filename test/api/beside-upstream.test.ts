/**
 * Knarr and upstream's kube-apiserver on one etcd serve one cluster: an object of every kind that either has made, changed or deleted is the same at both,
 * whatever it lies there as. So a cluster can go either way.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { copyStore } from "@knarr/distro/store/copy.ts";
import { openClusterStore } from "@knarr/distro/store/open-cluster-store.ts";
import { groups } from "@knarr/kinds/kinds.ts";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";
import {
  startBesideUpstream,
  upstreamMissing as skip,
  type BesideUpstream,
  type Side,
} from "./beside-upstream.ts";
import { names, samples } from "./samples.ts";

let rig: BesideUpstream;

before(async () => {
  if (skip) return;
  rig = await startBesideUpstream();
  const account = { metadata: { name: "default" } };
  await rig.knarr.must("POST", "/api/v1/namespaces/default/serviceaccounts", account);
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
});

/** One object as both have it, at the same revision. */
async function same(path: string): Promise<any> {
  for (;;) {
    const ours = await rig.knarr.must("GET", path);
    const theirs = await rig.upstream.must("GET", path);
    if (ours.metadata.resourceVersion !== theirs.metadata.resourceVersion) continue; // one of them has just said something of it
    assert.deepEqual(ours, theirs);
    return ours;
  }
}

/** One makes it, the other changes it, the first one does again, the other deletes it. */
async function across(collection: string, object: any, [one, other]: readonly [Side, Side]): Promise<void> {
  const path = `${collection}/${object.metadata.name}`;
  await one.must("POST", collection, object);
  const made = await same(path);
  await other.must("PATCH", path, { metadata: { labels: { changed: "other" } } });
  await same(path);
  await one.must("PATCH", path, { metadata: { labels: { changed: null, again: "one" } } });
  const { metadata } = await same(path);
  assert.deepEqual([metadata.uid, metadata.labels.again], [made.metadata.uid, "one"]);
  await other.must("DELETE", `${path}?gracePeriodSeconds=0`);
  await gone(path, other);
  for (const side of [one, other]) assert.equal((await side.send("GET", path)).code, 404);
}

/** Waits until it is gone, and does what controllers would do for objects that wait for them. */
async function gone(path: string, side: Side): Promise<void> {
  for (;;) {
    const { code, body } = await side.send("GET", path);
    if (code === 404) return;
    if (body.metadata.finalizers) await side.send("PATCH", path, { metadata: { finalizers: null } });
    if (body.spec?.finalizers) {
      body.spec.finalizers = [];
      await side.send("PUT", `${path}/finalize`, body);
    }
  }
}

for (const { group, version, resources, isOffByDefault } of groups) {
  if (isOffByDefault) continue;
  for (const { kind, plural, scope, verbs } of resources) {
    if (verbs && !verbs.includes("delete")) continue;
    test(
      `${group || "core"}/${version} ${kind} is the same at Knarr and at kube-apiserver`,
      { skip },
      async () => {
        const sample =
          samples[`${version} ${kind}`] ?? samples[kind] ?? samples[`${group || "core"} ${kind}`];
        const place = scope === "Namespaced" ? "/namespaces/default" : "";
        const collection = `${group ? `/apis/${group}/${version}` : `/api/${version}`}${place}/${plural}`;
        const apiVersion = group ? `${group}/${version}` : version;
        const object = { apiVersion, kind, metadata: { name: names[kind] ?? "sample" }, ...sample };
        await across(collection, object, [rig.knarr, rig.upstream]);
        await across(collection, object, [rig.upstream, rig.knarr]);
      },
    );
  }
}

test("custom resources are the same at both", { skip }, async () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const metadata = { name: names["CustomResourceDefinition"]! };
  await rig.upstream.must("POST", definitions, { metadata, ...samples["CustomResourceDefinition"] });
  const collection = "/apis/walk.example.org/v1/namespaces/default/walks";
  for (const side of [rig.knarr, rig.upstream])
    while ((await side.send("GET", collection)).code === 404) await new Promise(setImmediate);
  const object = {
    ...{ apiVersion: "walk.example.org/v1", kind: "Walk", metadata: { name: "sample" } },
  };
  await across(collection, object, [rig.knarr, rig.upstream]);
  await across(collection, object, [rig.upstream, rig.knarr]);
  await rig.knarr.must("DELETE", `${definitions}/${metadata.name}`);
});

test("Secrets lie encrypted by whoever wrote them last, and both read them", { skip }, async () => {
  const secrets = "/api/v1/namespaces/default/secrets";
  const lying = async (): Promise<string> =>
    String((await rig.store.raw.get("/registry/secrets/default/s"))!.value).slice(0, 19);
  await rig.knarr.must("POST", secrets, { metadata: { name: "s" }, stringData: { a: "ours" } });
  assert.equal(await lying(), "k8s:enc:aesgcm:v1:k");
  await same(`${secrets}/s`);
  await rig.upstream.must("PATCH", `${secrets}/s`, { stringData: { a: "theirs" } });
  assert.equal(await lying(), "k8s:enc:aescbc:v1:t");
  const { data } = await same(`${secrets}/s`);
  assert.equal(atob(data.a), "theirs");
});

test("no node port and no address is given to two Services, whoever is asked", { skip }, async () => {
  const services = "/api/v1/namespaces/default/services";
  const port = { port: 80, nodePort: 30123 };
  const serviceOf = (name: string, spec: object) => ({
    metadata: { name },
    spec: { type: "NodePort", ...spec },
  });
  for (const [one, other] of [
    [rig.knarr, rig.upstream],
    [rig.upstream, rig.knarr],
  ] as const) {
    const { spec } = await one.must("POST", services, serviceOf("one", { ports: [port] }));
    const second = await other.send("POST", services, serviceOf("other", { ports: [port] }));
    assert.match(
      second.body.message,
      /spec.ports\[0\].nodePort: Invalid value: 30123: provided port is already allocated/,
    );
    const { clusterIP } = spec;
    const third = await other.send(
      "POST",
      services,
      serviceOf("other", { clusterIP, ports: [{ port: 80 }] }),
    );
    assert.match(third.body.message, /provided IP is already allocated/);
    await other.must("DELETE", `${services}/one`);
  }
});

test(
  "a watch at either tells what the other has written, from where a list of the other ended",
  { skip },
  async () => {
    const maps = "/api/v1/namespaces/default/configmaps";
    for (const [one, other] of [
      [rig.knarr, rig.upstream],
      [rig.upstream, rig.knarr],
    ] as const) {
      const { metadata } = await one.must("GET", maps);
      await one.must("POST", maps, { metadata: { name: "watched" }, data: { a: "1" } });
      await one.must("DELETE", `${maps}/watched`);
      const query = `watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`;
      const { text } = await other.send("GET", `${maps}?${query}&fieldSelector=metadata.name%3Dwatched`);
      assert.deepEqual(
        [...text.matchAll(/"type":"(\w+)","object":\{"kind":"ConfigMap"/g)].map(([, type]) => type),
        ["ADDED", "DELETED"],
      );
    }
  },
);

test(
  "all that kube-apiserver has written moves into a file, and from there into another etcd",
  { skip },
  async () => {
    const secrets = "/api/v1/namespaces/default/secrets";
    await rig.upstream.must("POST", secrets, { metadata: { name: "moving" }, stringData: { a: "1" } });
    const lists = [secrets, "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/api/v1/namespaces"];
    const before = await Promise.all(lists.map(async (path) => (await rig.upstream.must("GET", path)).items));
    await using etcd = await TestEtcd.start();
    const addresses = [rig.address, `sqlite://${join(rig.folder, "moved.db")}`, `etcd://${etcd.endpoint}`];
    for (const [i, to] of addresses.slice(1).entries()) {
      await copyStore(rig.configFor(addresses[i]!), to);
      await using store = await openClusterStore(rig.configFor(to));
      await using server = await createApiServer({ store });
      const transport = server.inProcess({ name: "admin", groups: ["system:masters"] });
      for (const [i, path] of lists.entries()) {
        const { items } = ((await transport.request({ method: "GET", path })) as any).body;
        assert.deepEqual(items.map(unversioned), before[i].map(unversioned));
      }
    }
  },
);

/** Without its revision, and without its kind, which lists over a socket leave out. */
function unversioned({ kind: _, apiVersion: __, metadata, ...object }: any): object {
  const { resourceVersion: ___, ...rest } = metadata;
  return { ...object, metadata: rest };
}
