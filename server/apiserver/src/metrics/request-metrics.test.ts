/** `/metrics` says what dashboards look for, after requests of every sort. */

import assert from "node:assert/strict";
import { request as openRequest } from "node:https";
import { once } from "node:events";
import { test } from "node:test";
import { startSecureServer, testCertificates } from "../testing/secure-server.ts";

const { authority, admin } = testCertificates;
const COLLECTION = "/api/v1/namespaces/default/configmaps";
const JSON_BODY = { "content-type": "application/json" };
const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });

/** Value of each series whose labels are those given and perhaps more; undefined without any. */
function valueOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text
    .split("\n")
    .find((line) => /^\w+/.exec(line)?.[0] === name && wanted.every((label) => line.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
}

test("requests, the store, watches and the process are counted under upstream's names", async () => {
  await using rig = await startSecureServer();
  const kind = { resource: "configmaps", version: "v1" };
  const { code } = await rig.get(COLLECTION, JSON_BODY, { method: "POST", body });
  assert.equal(code, 201);
  await rig.get(`${COLLECTION}?dryRun=All`, JSON_BODY, { method: "POST", body });
  await rig.get(COLLECTION);
  const apply = { "content-type": "application/apply-patch+yaml" };
  await rig.get(`${COLLECTION}/a?fieldManager=x`, apply, { method: "PATCH", body });
  await rig.get(`${COLLECTION}?watch=1&timeoutSeconds=-1&resourceVersion=0`);
  const tls = {
    host: "127.0.0.1",
    port: rig.port,
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  };
  const watching = openRequest({ ...tls, path: `${COLLECTION}?watch=1` });
  watching.end();
  const [answer] = await once(watching, "response");

  const text = (await rig.get("/metrics")).body.toString();
  const total = (verb: string, more: object = {}) =>
    valueOf(text, "apiserver_request_total", { ...kind, verb, scope: "namespace", ...more });
  assert.equal(total("POST", { code: "201" }), 1);
  assert.equal(total("POST", { code: "409", dry_run: "All" }), 1);
  assert.equal(total("LIST"), 1);
  assert.equal(total("WATCH"), 1, "one that has ended");
  assert.equal(valueOf(text, "apiserver_request_total", { verb: "APPLY", scope: "resource" }), 1);
  assert.equal(
    valueOf(text, "apiserver_longrunning_requests", { ...kind, verb: "WATCH" }),
    1,
    "one that goes on",
  );
  for (const name of ["request_duration_seconds", "request_sli_duration_seconds", "response_sizes"])
    assert.equal(valueOf(text, `apiserver_${name}_count`, { ...kind, verb: "LIST" }), 1, name);
  assert.equal(valueOf(text, "apiserver_request_sli_duration_seconds_count", { verb: "WATCH" }), undefined);
  assert.equal(
    valueOf(text, "apiserver_current_inflight_requests", { request_kind: "readOnly" }),
    1,
    "this one",
  );
  assert.equal(valueOf(text, "apiserver_current_inflight_requests", { request_kind: "mutating" }), 0);
  assert.ok(valueOf(text, "apiserver_watch_events_total", kind)! >= 1);
  const create = { operation: "create", group: "", resource: "configmaps" };
  assert.ok(valueOf(text, "etcd_request_duration_seconds_count", create)! >= 1);
  assert.equal(valueOf(text, "etcd_request_errors_total", create), undefined);
  assert.ok(valueOf(text, "apiserver_storage_objects", { resource: "configmaps" })! >= 1);
  assert.ok(
    valueOf(text, "apiserver_resource_objects", { group: "rbac.authorization.k8s.io", resource: "roles" })! >=
      1,
  );
  assert.ok(valueOf(text, "process_cpu_seconds_total")! > 0);
  assert.ok(valueOf(text, "nodejs_heap_size_used_bytes")! < valueOf(text, "nodejs_heap_size_total_bytes")!);
  assert.ok(valueOf(text, "nodejs_eventloop_utilization")! <= 1);
  assert.ok(valueOf(text, "process_resident_memory_bytes")! > 1e6);
  assert.ok(valueOf(text, "process_open_fds")! < valueOf(text, "process_max_fds")!);
  assert.ok(
    valueOf(text, "apiserver_admission_step_admission_duration_seconds_count", { operation: "CREATE" })! >= 1,
  );

  answer.destroy();
});

test("what clients make up is no label: nothing of it stays", async () => {
  await using rig = await startSecureServer();
  const lines = async (): Promise<number> => (await rig.get("/metrics")).body.toString().split("\n").length;
  const ask = async (word: string): Promise<void> => {
    await rig.get(`/${word}`);
    await rig.get(`/apis/${word}/v1/${word}`, {}, { as: "nobody" });
    await rig.get(`/api/v1/namespaces/${word}/pods/${word}/${word}`);
    await rig.get(`/api/v1/${word}`);
  };
  await ask("one");
  await lines(); // which counts itself from here on
  const before = await lines();
  for (const word of ["two", "three", "four"]) await ask(word);
  assert.equal(await lines(), before);
});
