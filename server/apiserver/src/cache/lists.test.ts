/** Lists from the cache: selection, pages of one revision, and what is said when the past is gone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import { parseLabelSelector } from "@knarr/machinery/labels.ts";
import { ApiError, isExpired } from "@knarr/machinery/status.ts";
import type { ListPage, ListQuery } from "./cache.ts";
import { ItemSet } from "./item-set.ts";
import { node, podOf, TestWorld, type TestPod } from "./testing/world.ts";

const keysOf = ({ items }: ListPage<TestPod>): string => items.map(({ key }) => key).join(" ");

async function worldOfPods(): Promise<TestWorld> {
  const world = await TestWorld.open();
  const pods: [string, string, string | undefined, Record<string, string>][] = [
    ["b", "1", "n1", { app: "web", tier: "x" }],
    ["a", "2", undefined, {}],
    ["a", "1", "n2", { app: "web" }],
    ["a-b", "1", "n1", { app: "db" }],
  ];
  for (const [namespace, name, nodeName, labels] of pods) {
    await world.pods.create(
      `${namespace}/${name}`,
      podOf(name, { namespace, labels, ...(nodeName && { nodeName }) }),
    );
  }
  return world;
}

const selections: [string, ListQuery, string][] = [
  ["everything, in key order", {}, "a-b/1 a/1 a/2 b/1"],
  ["a namespace", { namespace: "a" }, "a/1 a/2"],
  ["a namespace that is not there", { namespace: "c" }, ""],
  ["labels", { labelSelector: parseLabelSelector("app=web") }, "a/1 b/1"],
  ["labels in a namespace", { namespace: "a", labelSelector: parseLabelSelector("app!=web") }, "a/2"],
  ["a node", { fieldSelector: parseFieldSelector("spec.nodeName=n1") }, "a-b/1 b/1"],
  ["no node", { fieldSelector: parseFieldSelector("spec.nodeName=") }, "a/2"],
  ["all but a node", { fieldSelector: parseFieldSelector("spec.nodeName!=n1") }, "a/1 a/2"],
  ["a node in a namespace", { namespace: "b", fieldSelector: parseFieldSelector("spec.nodeName=n1") }, "b/1"],
  ["a name", { fieldSelector: parseFieldSelector("metadata.name=1") }, "a-b/1 a/1 b/1"],
  ["a name in a namespace", { namespace: "a", fieldSelector: parseFieldSelector("metadata.name=1") }, "a/1"],
  ["a namespace as a field", { fieldSelector: parseFieldSelector("metadata.namespace=a") }, "a/1 a/2"],
  [
    "two namespaces at once",
    { namespace: "b", fieldSelector: parseFieldSelector("metadata.namespace=a") },
    "",
  ],
];

test("nothing is kept of namespaces that are not there", () => {
  const set = new ItemSet();
  assert.equal(set.range("nowhere/"), set.range("elsewhere/"));
});

for (const [name, query, expected] of selections) {
  test(`list selects ${name}`, async () => {
    await using world = await worldOfPods();
    const page = await world.pods.list(query);
    assert.equal(keysOf(page), expected);
    assert.deepEqual(
      [page.resourceVersion, page.continue, page.remainingItemCount],
      ["4", undefined, undefined],
    );
  });

  for (const from of ["the window", "history"]) {
    test(`list selects ${name}, page by page, from ${from}`, async () => {
      await using world = await worldOfPods();
      let page = await world.pods.list({ ...query, limit: 1 });
      const keys = [keysOf(page)];
      await world.pods.create("a/0", podOf("0", { namespace: "a", labels: { app: "web" }, nodeName: "n1" }));
      // A server that has been started anew has no window to look back in.
      const later = from === "history" ? await world.restart() : world;
      while (page.continue) {
        page = await later.pods.list({ ...query, limit: 1, continue: page.continue });
        keys.push(keysOf(page));
      }
      assert.equal(keys.join(" ").trimEnd(), expected);
      await later.caches[Symbol.asyncDispose]();
    });
  }
}

test("list of a cluster-scoped kind finds one by name", async () => {
  await using world = await TestWorld.open();
  const nodes = world.caches.of(node);
  for (const name of ["b", "a"]) await nodes.create(name, { metadata: { name } });
  const { items } = await nodes.list({ fieldSelector: parseFieldSelector("metadata.name=a") });
  assert.deepEqual(
    items.map(({ key }) => key),
    ["a"],
  );
});

test("list pages are all of the first one's revision, whatever happens meanwhile", async () => {
  await using world = await TestWorld.open();
  await world.addPods(5);
  const first = await world.pods.list({ limit: 2 });
  assert.deepEqual(
    [keysOf(first), first.resourceVersion, first.remainingItemCount],
    ["default/p0 default/p1", "5", 3],
  );
  await world.pods.delete("default/p3");
  await world.pods.update("default/p4", (current) => ({ ...current, spec: { nodeName: "new" } }));
  await world.pods.create("default/p2a", podOf("p2a"));
  await world.pods.create("default/p3", podOf("p3", { nodeName: "again" }));
  const rest = await world.pods.list({ limit: 5, continue: first.continue! });
  assert.deepEqual(
    [keysOf(rest), rest.resourceVersion, rest.continue],
    ["default/p2 default/p3 default/p4", "5", undefined],
  );
  assert.deepEqual(
    rest.items.map(({ object }) => object.spec),
    [{}, {}, {}],
  );
  // The same from the store's history, which a restarted server has to ask.
  await using later = await world.restart();
  const again = await later.pods.list({ limit: 5, continue: first.continue! });
  assert.deepEqual(again, rest);
});

test("list gives the same array for the same first page, until something changes", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  const first = async (limit: number) => (await world.pods.list({ limit })).items;
  const page = await first(2);
  assert.equal(await first(2), page);
  assert.equal((await first(1)).length, 1);
  await world.pods.delete("default/p0");
  assert.deepEqual(
    (await first(2)).map(({ key }) => key),
    ["default/p1", "default/p2"],
  );
});

test("list of any state, from revision 0, is whole whatever its limit", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  const page = await world.pods.list({ limit: 2, resourceVersion: "0" });
  assert.deepEqual([page.items.length, page.continue, page.remainingItemCount], [3, undefined, undefined]);
});

test("list in a namespace makes tokens relative to it, as upstream does", async () => {
  await using world = await TestWorld.open();
  await world.addPods(2);
  const token = (text: string | undefined) => JSON.parse(Buffer.from(text!, "base64url").toString());
  const inNamespace = await world.pods.list({ namespace: "default", limit: 1 });
  assert.deepEqual(token(inNamespace.continue), { v: "meta.k8s.io/v1", rv: 2, start: "p0\0" });
  const everywhere = await world.pods.list({ limit: 1 });
  assert.deepEqual(token(everywhere.continue), { v: "meta.k8s.io/v1", rv: 2, start: "default/p0\0" });
  const rest = await world.pods.list({ namespace: "default", limit: 1, continue: inNamespace.continue! });
  assert.equal(keysOf(rest), "default/p1");
});

test("list that goes on after compaction is Expired, with a token for the rest as it is now", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  const first = await world.pods.list({ limit: 1 });
  await world.pods.update("default/p2", (current) => ({ ...current, spec: { nodeName: "new" } }));
  await world.store.compact(4);
  const error = await world.pods.list({ limit: 1, continue: first.continue! }).catch((err: ApiError) => err);
  assert.ok(error instanceof ApiError && isExpired(error));
  assert.match(
    error.message,
    /^The provided continue parameter is too old to display a consistent list result\./,
  );
  const { metadata } = JSON.parse(JSON.stringify(error));
  const rest = await world.pods.list({ limit: 5, continue: metadata.continue });
  assert.deepEqual([keysOf(rest), rest.resourceVersion], ["default/p1 default/p2", "4"]);
  assert.equal(rest.items[1]!.object.spec!.nodeName, "new");
});

test("list at an exact revision sees that one, and is Expired when it is compacted", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  await world.pods.delete("default/p0");
  const at = (resourceVersion: string) => world.pods.list({ resourceVersion, resourceVersionMatch: "Exact" });
  assert.deepEqual(
    [keysOf(await at("2")), keysOf(await at("4"))],
    ["default/p0 default/p1", "default/p1 default/p2"],
  );
  assert.equal(keysOf(await world.pods.list({ resourceVersion: "1", limit: 9 })), "default/p0");
  await world.store.compact(4);
  await assert.rejects(at("2"), {
    code: 410,
    message: "The resourceVersion for the provided list is too old.",
  });
});

test("list not older than a revision is of now, and times out for one that does not come", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  for (const resourceVersion of ["0", "1", "3"]) {
    assert.equal((await world.pods.list({ resourceVersion })).resourceVersion, "3");
  }
  const waiting = world.pods.list({ resourceVersion: "4", resourceVersionMatch: "NotOlderThan" });
  await world.addPods(1, "other");
  assert.equal((await waiting).resourceVersion, "4");
  const tooFar = world.pods.list({ resourceVersion: "99" });
  while (world.clock.sleepers < 2) await new Promise(setImmediate);
  world.clock.advance(3000);
  await assert.rejects(tooFar, (err: ApiError) => {
    assert.deepEqual(
      [err.code, err.reason, err.message],
      [504, "Timeout", "Timeout: Too large resource version: 99, current: 4"],
    );
    assert.deepEqual(err.details?.causes, [
      { reason: "ResourceVersionTooLarge", message: "Too large resource version" },
    ]);
    return true;
  });
});

const refused: [ListQuery, number, string | RegExp][] = [
  [
    { resourceVersion: "abc" },
    400,
    'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  ],
  [
    { limit: 3, continue: "abc" },
    400,
    "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
  ],
  [
    { continue: "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi9hIn0" },
    400,
    "invalid continue token: continue key is not valid: ../a",
  ],
  [
    { resourceVersionMatch: "Exact" },
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  ],
  [
    { resourceVersion: "0", resourceVersionMatch: "Exact" },
    422,
    /"exact" is forbidden for resourceVersion "0"/,
  ],
  [
    { resourceVersion: "1", resourceVersionMatch: "Some" },
    422,
    /Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""/,
  ],
];

for (const [query, code, message] of refused) {
  test(`list refuses ${JSON.stringify(query)}`, async () => {
    await using world = await TestWorld.open();
    await assert.rejects(world.pods.list(query), { code, message });
  });
}
