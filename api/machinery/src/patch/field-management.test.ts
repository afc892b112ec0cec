/** Who owns which field, after ordinary writes and after apply, on schemas of the published API. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { definition } from "@knarr/schema/definitions.ts";
import type { ApiObject } from "../object.ts";
import { apply, type ApplyOptions } from "./apply.ts";
import { compareObjects } from "./compare.ts";
import { filterOf } from "./field-filter.ts";
import { isEmpty } from "./field-set.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import { decodeFields } from "./managers.ts";
import { rootShapeOf } from "./shape.ts";
import { keepTimes, trackUpdate } from "./track-update.ts";

const podSchema = definition("io.k8s.api.core.v1.Pod");
const mapSchema = definition("io.k8s.api.core.v1.ConfigMap");
const TIME = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T00:00:10Z";

type Thing = ApiObject & { [key: string]: any };

function configMap(data: Record<string, string>, more: Partial<ApiObject["metadata"]> = {}): Thing {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m", namespace: "d", ...more }, data };
}

function update(live: Thing | undefined, object: Thing, manager: string, time = TIME): Thing {
  const next = structuredClone(object);
  trackUpdate({ live, object: next, manager, subresource: "", apiVersion: "v1", time, schema: mapSchema });
  return { ...next, metadata: { ...next.metadata, uid: "u" } };
}

function applied(live: Thing | undefined, body: object, more: Partial<ApplyOptions> = {}): Thing {
  return apply({
    live,
    applied: { apiVersion: "v1", kind: "ConfigMap", ...body } as never,
    manager: "alice",
    force: false,
    subresource: "",
    apiVersion: "v1",
    kind: "ConfigMap",
    time: TIME,
    schema: mapSchema,
    ...more,
  }) as Thing;
}

/** `manager: path path`, one line for each entry. */
function owners(object: Thing): string[] {
  return (object.metadata.managedFields ?? []).map(
    ({ manager, operation, fieldsV1 }) => `${manager} ${operation} ${JSON.stringify(fieldsV1)}`,
  );
}

test("trackUpdate gives the creator every field but identity", () => {
  assert.deepEqual(owners(update(undefined, configMap({ a: "1" }, { labels: { l: "v" } }), "kubectl")), [
    'kubectl Update {"f:data":{".":{},"f:a":{}},"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
  ]);
});

test("trackUpdate names list items by their keys, with the default of a key that is left out", () => {
  const object: Thing = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }], resources: {} }] },
    status: { phase: "Pending" },
  };
  trackUpdate({
    live: undefined,
    object,
    manager: "m",
    subresource: "",
    apiVersion: "v1",
    time: TIME,
    schema: podSchema,
    filter: filterOf({ group: "", kind: "Pod" }, ""),
  });
  assert.deepEqual(object.metadata.managedFields?.[0]?.fieldsV1, {
    "f:spec": {
      "f:containers": {
        'k:{"name":"c"}': {
          ".": {},
          "f:image": {},
          "f:name": {},
          "f:ports": {
            ".": {},
            'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} },
          },
          "f:resources": {},
        },
      },
    },
  });
});

test("trackUpdate moves a changed field to whoever changed it, and drops removed ones", () => {
  const live = update(undefined, configMap({ a: "1", b: "2", c: "3" }), "first");
  const next = update(live, configMap({ a: "1", b: "9" }), "second", LATER);
  assert.deepEqual(owners(next), [
    'first Update {"f:data":{".":{},"f:a":{}}}',
    'second Update {"f:data":{"f:b":{}}}',
  ]);
  assert.deepEqual(
    next.metadata.managedFields?.map(({ time }) => time),
    [TIME, LATER],
  );
});

test("trackUpdate keeps the very same entries when nothing changed", () => {
  const live = update(undefined, configMap({ a: "1" }), "first");
  deepFreeze(live);
  assert.equal(
    update2(live, configMap({ a: "1" })).metadata.managedFields,
    live.metadata.managedFields,
    "not even a copy",
  );
  function update2(before: Thing, object: Thing): Thing {
    trackUpdate({
      live: before,
      object,
      manager: "second",
      subresource: "",
      apiVersion: "v1",
      time: LATER,
      schema: mapSchema,
    });
    return object;
  }
});

test("trackUpdate forgets everything when asked to by an empty list, and starts again only with an apply", () => {
  const live = update(undefined, configMap({ a: "1" }), "first");
  const next = update(live, configMap({ a: "2" }, { managedFields: [{}] }), "second");
  assert.equal(next.metadata.managedFields, undefined);
  assert.equal(update(next, configMap({ a: "3" }), "third").metadata.managedFields, undefined);
  assert.match(
    owners(applied(next, { metadata: { name: "m" }, data: { z: "1" } }))[1]!,
    /^before-first-apply Update/,
  );
});

test("trackUpdate joins the oldest managers of updates beyond ten", () => {
  let live = update(undefined, configMap({ k0: "0" }), "m0");
  const data: Record<string, string> = { k0: "0" };
  for (let i = 1; i <= 11; i++) {
    data[`k${i}`] = "x";
    live = update(live, configMap(data), `m${i}`, new Date(Date.UTC(2026, 0, 2, 0, 0, i)).toISOString());
  }
  const names = live.metadata.managedFields!.map(({ manager }) => manager);
  assert.equal(names.length, 10);
  assert.equal(names[0], "ancient-changes");
});

test("keepTimes makes a write that only renews times no write", () => {
  const live = update(undefined, configMap({ a: "1" }), "first");
  const object = structuredClone(live);
  object.metadata.managedFields![0]!.time = LATER;
  keepTimes(live, object);
  assert.deepEqual(object, live);
});

test("apply creates, owns what it states, and removes what it states no more", () => {
  const first = applied(undefined, { metadata: { name: "m" }, data: { a: "1", b: "2" } });
  assert.deepEqual(owners(first), ['alice Apply {"f:data":{"f:a":{},"f:b":{}}}']);
  const second = applied(first, { metadata: { name: "m" }, data: { a: "1" } });
  assert.deepEqual(second["data"], { a: "1" });
});

test("apply leaves what somebody else owns, too", () => {
  const first = applied(undefined, { metadata: { name: "m" }, data: { a: "1", b: "2" } });
  const both = applied(first, { metadata: { name: "m" }, data: { b: "2" } }, { manager: "bob" });
  const second = applied(both, { metadata: { name: "m" }, data: { a: "1" } });
  assert.deepEqual(second["data"], { a: "1", b: "2" });
});

test("apply refuses to take fields of others, and says whose they are", () => {
  const live = update(undefined, configMap({ a: "1", b: "2" }), "first");
  const body = { metadata: { name: "m" }, data: { a: "9", b: "8" } };
  assert.throws(() => applied(live, body), {
    code: 409,
    message: 'Apply failed with 2 conflicts: conflicts with "first" using v1:\n- .data.a\n- .data.b',
    details: {
      causes: [
        { reason: "FieldManagerConflict", message: 'conflict with "first" using v1', field: ".data.a" },
        { reason: "FieldManagerConflict", message: 'conflict with "first" using v1', field: ".data.b" },
      ],
    },
  });
  assert.deepEqual(owners(applied(live, body, { force: true })), [
    'alice Apply {"f:data":{"f:a":{},"f:b":{}}}',
    'first Update {"f:data":{}}',
  ]);
});

test("apply of the same value is no conflict but shared ownership, and no new time", () => {
  const live = update(undefined, configMap({ a: "1" }), "first");
  const object = applied(live, { metadata: { name: "m" }, data: { a: "1" } });
  assert.equal(object.metadata.managedFields?.length, 2);
  assert.equal(object.metadata.managedFields?.[0]?.time, undefined);
});

test("apply by kubectl takes over what client-side apply remembers", () => {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "1" } };
  const annotations = { [LAST_APPLIED]: JSON.stringify(body) };
  const live = update(undefined, configMap({ a: "1" }, { annotations }), "kubectl-client-side-apply");
  const next = { ...body, data: { a: "2" } };
  assert.throws(() => applied(live, next, { manager: "somebody" }), { code: 409 });
  const object = applied(live, next, { manager: "kubectl" });
  assert.equal(
    object.metadata.annotations?.[LAST_APPLIED],
    '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"m"}}\n',
  );
});

test("apply refuses fields the schema lacks, in upstream's words", () => {
  assert.throws(() => applied(undefined, { metadata: { name: "m", namespace: "d" }, bogus: 1 }), {
    code: 500,
    message:
      "failed to create typed patch object (d/m; /v1, Kind=ConfigMap): .bogus: field not declared in schema",
  });
});

test("apply refuses names that are no text as it refuses other fields, and quotes keys of any sort", () => {
  const odd = { toString: "x" };
  assert.throws(() => applied(undefined, { apiVersion: odd }), {
    code: 400,
    message: "invalid object type: /, Kind=ConfigMap",
  });
  const ownerReferences = [{ uid: odd, kind: "a" }];
  assert.throws(() => applied(undefined, { metadata: { name: odd, ownerReferences } }), {
    code: 500,
    message:
      /^failed to create typed patch object \(\/; .*\.ownerReferences\[uid=toString="x"\]\.uid: expected string/s,
  });
});

test("apply takes metadata that is null for metadata that says nothing", () => {
  const { name } = applied(undefined, { metadata: null, data: { a: "1" } })["metadata"];
  assert.equal(name, undefined);
});

test("apply refuses another kind and managedFields in the body", () => {
  assert.throws(() => applied(undefined, { kind: "Secret", metadata: { name: "m" } }), {
    code: 400,
    message: "invalid object type: /v1, Kind=Secret",
  });
  assert.throws(() => applied(undefined, { metadata: { name: "m", managedFields: [] } }), {
    code: 400,
    message: "metadata.managedFields must be nil",
  });
});

test("decodeFields spells elements in one way, and drops those nobody knows", () => {
  const fields = { "f:ports": { 'k:{"protocol": "TCP", "port": 80}': {}, "x:new": {} } };
  assert.deepEqual(decodeFields(fields), { "f:ports": { 'k:{"port":80,"protocol":"TCP"}': {} } });
});

// Properties

const word = fc.constantFrom("a", "b", "c", "d");
const container = fc.record({
  name: word,
  image: word,
  command: fc.array(word, { maxLength: 2 }),
  ports: fc.uniqueArray(
    fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom("TCP", "UDP") }),
    { selector: ({ containerPort, protocol }) => `${containerPort}/${protocol}` },
  ),
});
const pod = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Pod"),
  metadata: fc.record({ name: fc.constant("p"), labels: fc.dictionary(word, word) }),
  spec: fc.record({
    containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1 }),
    nodeSelector: fc.dictionary(word, word),
  }),
});

const podOptions = { kind: "Pod", schema: podSchema, force: true };

test("compareObjects finds nothing between equal objects", () => {
  const shape = rootShapeOf(podSchema);
  fc.assert(
    fc.property(pod, (object) => {
      const { changed, removed } = compareObjects(shape, object, structuredClone(object));
      assert.ok(isEmpty(changed) && isEmpty(removed));
    }),
  );
});

test("apply is idempotent, and states what the configuration states", () => {
  fc.assert(
    fc.property(pod, pod, (before, config) => {
      const live = applied(undefined, before, { ...podOptions, manager: "bob" });
      const once = applied(live, config, podOptions);
      assert.deepEqual(applied(once, config, { ...podOptions, time: LATER }), once);
      for (const { name, image } of config.spec.containers) {
        assert.equal(once["spec"].containers.find((c: any) => c.name === name).image, image);
      }
    }),
  );
});

test("apply of nothing takes everything back that nobody else states", () => {
  fc.assert(
    fc.property(pod, (config) => {
      const live = applied(undefined, { kind: "Pod", metadata: { name: "p" } }, podOptions);
      const there = applied(live, config, podOptions);
      const gone = applied(there, { kind: "Pod", metadata: { name: "p" } }, podOptions);
      assert.equal(gone["spec"]?.containers?.length ?? 0, 0);
      assert.deepEqual(owners(gone), []);
    }),
  );
});

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.values(value).forEach(deepFreeze);
  Object.freeze(value);
}
