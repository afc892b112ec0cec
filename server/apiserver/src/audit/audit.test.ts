/** What a policy lets into the audit log. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { startSecureServer } from "../testing/secure-server.ts";
import { startTestServer } from "../testing/server.ts";
import { auditPolicyOf } from "./policy.ts";

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: [system:apiserver]
  - level: Metadata
    resources: [{ group: "", resources: [secrets] }]
  - level: RequestResponse
    omitManagedFields: true
    verbs: [create, delete, patch]
    resources: [{ group: "", resources: [configmaps] }]
  - level: None
    nonResourceURLs: ["/healthz*"]
  - level: Metadata
`;

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "knarr-audit-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("the audit log has of each request what the policy wants", async () => {
  using place = folder();
  const path = join(place.path, "audit.log");
  {
    await using server = await startTestServer({
      audit: { policy: POLICY, policyPath: "policy.yaml", path },
    });
    const { api } = server;
    await api.create(secret, { metadata: { name: "s", namespace: "default" }, stringData: { a: "hidden" } });
    await api.create(configMap, { metadata: { name: "c", namespace: "default" }, data: { a: "1" } });
    await api.patch(configMap, "default/c", { data: { a: "2" } });
    await api.delete(configMap, "default/c", { gracePeriodSeconds: 0 });
    await server.transport.request({ method: "GET", path: "/healthz" });
    await assert.rejects(server.as("nobody").get(configMap, "default/c"), /forbidden/);
  }
  const text = readFileSync(path, "utf8");
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const about = (verb: string, resource: string) =>
    events.find((event) => event.verb === verb && event.objectRef?.resource === resource);

  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(!text.includes("hidden"), "a Secret's content is not written at level Metadata");
  assert.ok(!events.some(({ requestURI }) => requestURI === "/healthz"));
  const made = about("create", "configmaps");
  assert.equal(made.level, "RequestResponse");
  assert.equal(made.stage, "ResponseComplete");
  assert.equal(made.user.username, "admin");
  assert.equal(made.objectRef.name, "c");
  assert.deepEqual(made.requestObject.data, { a: "1" });
  assert.equal(made.responseObject.metadata.managedFields, undefined);
  assert.equal(made.responseObject.metadata.name, "c");
  assert.equal(made.responseStatus.code, 201);
  assert.equal(made.annotations["authorization.k8s.io/decision"], "allow");
  assert.deepEqual(about("patch", "configmaps").requestObject, { data: { a: "2" } });
  assert.equal(about("delete", "configmaps").requestObject.gracePeriodSeconds, 0);
  const refused = events.find(({ user }) => user.username === "nobody");
  assert.equal(refused.responseStatus.code, 403);
  assert.equal(refused.annotations["authorization.k8s.io/decision"], "forbid");
  assert.equal(refused.requestObject, undefined);
});

test("an answer without a body is audited as it is, at whatever level", async () => {
  using place = folder();
  const path = join(place.path, "audit.log");
  {
    const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]";
    await using server = await startSecureServer({ audit: { policy, policyPath: "policy.yaml", path } });
    const { etag = "" } = (await server.get("/openapi/v3")).headers;
    assert.equal((await server.get("/openapi/v3", { "if-none-match": etag })).code, 304);
  }
  const events = readFileSync(path, "utf8").trim().split("\n");
  assert.ok(events.some((line) => JSON.parse(line).responseStatus?.code === 304));
  assert.ok(!events.some((line) => line.includes("serverRelativeURL")), "only resources are written down");
});

for (const [name, text, complaint] of [
  [
    "another kind",
    "apiVersion: v1\nkind: Pod",
    /kind: Unsupported value: "v1 Pod": supported values: "audit\.k8s\.io\/v1 Policy"/,
  ],
  ["no rules", "apiVersion: audit.k8s.io/v1\nkind: Policy", /rules: Required value: without rules/],
  [
    "an unknown level",
    "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: All}]",
    /rules\[0\]\.level: Unsupported value: "All"/,
  ],
  [
    "rules for both",
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, namespaces: [a], nonResourceURLs: ["/x*y"]}]',
    /must be the final character of the rule.*cannot apply to both/,
  ],
] as const) {
  test(`auditPolicyOf refuses ${name}`, () => {
    assert.throws(() => auditPolicyOf(text, "/etc/policy.yaml"), complaint);
  });
}
