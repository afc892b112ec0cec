/** Validating webhooks: which requests they are asked about, what they are sent, and what their answer means. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { validatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/validating-webhook-configuration.ts";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { eventsEvent as newEvent } from "@knarr/kinds/events/event.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { allow, creating, rulesFor, startHooked, type Answer } from "./rig.ts";

const deny: Answer = () => ({ allowed: false, status: { message: "not this one" } });
const map = (name: string, labels?: Record<string, string>) => ({
  metadata: { name, namespace: "default", ...(labels && { labels }) },
});

test("a webhook is sent the request as upstream sends it", async () => {
  await using rig = await startHooked({ see: allow });
  await rig.validating("a", { name: "see.x.io", ...rulesFor(["*"], "configmaps") });
  const user = {
    name: "jane",
    uid: "u1",
    groups: ["system:masters", "devs"],
    extra: { "x.io/team": ["blue"] },
  };
  const api = createApi(rig.server.inProcess(user, "test"));
  const created = await api.create(configMap, { ...map("a"), data: { k: "v" } } as never);
  await api.delete(configMap, "default/a", { propagationPolicy: "Background" });

  const [review, removal] = rig.webhook.received.map(({ body }) => body);
  const { managedFields, ...metadata } = created.metadata!;
  const { uid, resourceVersion, ...before } = metadata;
  assert.match(review.request.uid, /^[0-9a-f-]{36}$/);
  assert.deepEqual(review, {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: review.request.uid,
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      requestKind: { group: "", version: "v1", kind: "ConfigMap" },
      requestResource: { group: "", version: "v1", resource: "configmaps" },
      name: "a",
      namespace: "default",
      operation: "CREATE",
      userInfo: {
        username: "jane",
        uid: "u1",
        groups: ["system:masters", "devs"],
        extra: { "x.io/team": ["blue"] },
      },
      object: {
        kind: "ConfigMap",
        apiVersion: "v1",
        metadata: { ...before, uid: review.request.object.metadata.uid, managedFields },
        data: { k: "v" },
      },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  });
  assert.ok(uid && resourceVersion);
  const { object, oldObject, options, operation } = removal.request;
  assert.deepEqual(
    [operation, object, oldObject.metadata.resourceVersion],
    ["DELETE", null, resourceVersion],
  );
  assert.deepEqual(options, {
    kind: "DeleteOptions",
    apiVersion: "meta.k8s.io/v1",
    propagationPolicy: "Background",
  });
});

test("a refusal is answered with the webhook's own status, and nothing is written", async () => {
  await using rig = await startHooked({
    deny,
    status: () => ({ allowed: false, status: { code: 418, reason: "Teapot", details: { name: "pot" } } }),
    mute: () => ({ allowed: false, status: { code: 200 } }),
  });
  await rig.validating("a", { name: "deny.x.io", ...creating("configmaps") });
  await rig.validating("b", { name: "status.x.io", ...creating("secrets") });
  await rig.validating("c", { name: "mute.x.io", ...creating("services") });
  const post = (plural: string) =>
    rig.transport.request({
      method: "POST",
      path: `/api/v1/namespaces/default/${plural}`,
      body: { ...map("a"), spec: { ports: [{ port: 1 }] } },
    });
  const refusal = async (plural: string) => {
    const { message, code, details } = (await post(plural).catch((err: unknown) => err)) as any;
    return [code, message, details];
  };
  assert.deepEqual(await refusal("configmaps"), [
    400,
    'admission webhook "deny.x.io" denied the request: not this one',
    undefined,
  ]);
  assert.deepEqual(await refusal("secrets"), [
    418,
    'admission webhook "status.x.io" denied the request: Teapot',
    { name: "pot" },
  ]);
  assert.deepEqual(await refusal("services"), [
    400,
    'admission webhook "mute.x.io" denied the request without explanation',
    undefined,
  ]);
  await assert.rejects(rig.api.get(configMap, "default/a"), isNotFound);
});

test("rules and selectors choose, and a configuration that changes is followed at once", async () => {
  await using rig = await startHooked({ deny });
  await rig.api.create(namespace, { metadata: { name: "free", labels: { skip: "yes" } } });
  await rig.validating("a", {
    name: "deny.x.io",
    ...rulesFor(["CREATE", "UPDATE", "DELETE"], "configmaps"),
    namespaceSelector: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] },
    objectSelector: { matchLabels: { watched: "yes" } },
  });
  const denied = { message: 'admission webhook "deny.x.io" denied the request: not this one' };
  await rig.api.create(configMap, map("plain"));
  const free = { metadata: { name: "a", namespace: "free", labels: { watched: "yes" } } };
  await rig.api.create(configMap, free);
  await assert.rejects(rig.api.create(configMap, map("b", { watched: "yes" })), denied);

  // What has the label, or had it
  await assert.rejects(
    rig.api.patch(configMap, "default/plain", { metadata: { labels: { watched: "yes" } } }),
    denied,
  );
  await rig.api.patch(
    validatingWebhookConfiguration,
    "a",
    [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["DELETE"] }],
    { type: "json" },
  );
  await rig.api.patch(configMap, "default/plain", { metadata: { labels: { watched: "yes" } } });
  await assert.rejects(rig.api.delete(configMap, "default/plain"), denied);
  await assert.rejects(
    rig.api.deleteCollection(configMap, { namespace: "default", labelSelector: "watched=yes" }),
    denied,
  );
  await rig.api.delete(validatingWebhookConfiguration, "a");
  await rig.api.delete(configMap, "default/plain");
});

test("a Namespace is selected by the labels that it will have", async () => {
  await using rig = await startHooked({ deny });
  const namespaceSelector = { matchLabels: { watched: "yes" } };
  await rig.validating("a", { name: "deny.x.io", ...rulesFor(["*"], "namespaces"), namespaceSelector });
  await rig.api.create(namespace, { metadata: { name: "plain" } });
  const watched = { metadata: { name: "watched", labels: { watched: "yes" } } };
  await assert.rejects(rig.api.create(namespace, watched), /denied/);
  await assert.rejects(
    rig.api.patch(namespace, "plain", { metadata: { labels: { watched: "yes" } } }),
    /denied/,
  );
  const [, update] = rig.requests();
  assert.deepEqual([update.name, update.namespace], ["plain", "plain"]);
});

test("a rule for one version of a kind is for all, unless it says Exact", async () => {
  await using rig = await startHooked({ see: allow, exact: allow });
  const core = {
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["events"] }],
  };
  await rig.validating(
    "a",
    { name: "see.x.io", ...core },
    { name: "exact.x.io", ...core, matchPolicy: "Exact" },
  );
  await rig.api.create(newEvent, {
    metadata: { name: "a", namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "x.io/c",
    reportingInstance: "c-1",
    action: "Acted",
    reason: "Because",
    type: "Normal",
    regarding: { kind: "Pod", namespace: "default", name: "p" },
    note: "hello",
  } as never);
  assert.deepEqual(
    rig.webhook.received.map(({ url }) => url),
    ["/see?timeout=10s"],
  );
  const [{ kind, resource, requestKind, requestResource, object }] = rig.requests();
  assert.deepEqual([kind.group, resource.group], ["", ""]);
  assert.deepEqual([requestKind.group, requestResource.group], ["events.k8s.io", "events.k8s.io"]);
  assert.deepEqual([object.apiVersion, object.message, object.note], ["v1", "hello", undefined]);
});

test("subresources show their own bodies, and connections what they are asked for with", async () => {
  await using rig = await startHooked({ see: allow, deny });
  await rig.api.create(pod, { ...map("p"), spec: { containers: [{ name: "c", image: "i" }] } } as never);
  await rig.api.create(deployment, {
    ...map("d"),
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  } as never);
  await rig.validating("a", { name: "see.x.io", ...rulesFor(["*"], "*/scale", "pods/eviction") });
  await rig.validating("b", { name: "deny.x.io", ...rulesFor(["CONNECT"], "pods/attach") });
  await rig.api.patch(deployment, "default/d", { spec: { replicas: 3 } }, { subresource: "scale" });
  await rig.api.post(pod, "default/p", "eviction", map("p"));
  await assert.rejects(
    rig.transport.request({
      method: "POST",
      path: "/api/v1/namespaces/default/pods/p/attach",
      query: { container: "c", stdin: true },
    }),
    /denied/,
  );
  const [scale, eviction, attach] = rig.requests();
  assert.deepEqual(scale.kind, { group: "autoscaling", version: "v1", kind: "Scale" });
  assert.deepEqual([scale.oldObject.spec.replicas, scale.object.spec.replicas], [1, 3]);
  assert.equal(scale.subResource, "scale");
  assert.deepEqual(eviction.kind, { group: "policy", version: "v1", kind: "Eviction" });
  assert.deepEqual(
    [attach.object, attach.options, attach.requestSubResource],
    [{ kind: "PodAttachOptions", apiVersion: "v1", stdin: true, container: "c" }, null, "attach"],
  );
});

test("nobody asks webhooks about webhooks", async () => {
  await using rig = await startHooked({ deny });
  await rig.validating("a", { name: "deny.x.io", ...rulesFor(["*"], "*") });
  await rig.validating("b", { name: "deny.x.io", ...rulesFor(["*"], "*") });
  await rig.api.delete(validatingWebhookConfiguration, "a");
  assert.deepEqual(rig.requests(), []);
});

test("all are asked at once", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  await using rig = await startHooked({
    // In turn, this one would be waited for in vain.
    first: async () => {
      await asked;
      return { allowed: true };
    },
    second: (request, received) => {
      resolve();
      return deny(request, received);
    },
  });
  await rig.validating("a", { name: "first.x.io", ...creating("configmaps") });
  await rig.validating("b", { name: "second.x.io", ...creating("configmaps") });
  await assert.rejects(rig.api.create(configMap, map("a")), /"second.x.io" denied the request: not this one/);
});

test("a webhook that cannot be asked refuses for Fail, and is left out for Ignore", async () => {
  await using rig = await startHooked({
    never: () => new Promise(() => {}),
    wrong: () => ({ uid: "other" }),
  });
  const { port } = rig.webhook;
  const closed = { clientConfig: { url: `https://127.0.0.1:${port}/never` } };
  const fails = (name: string, message: string) =>
    assert.rejects(rig.api.create(configMap, map(name)), {
      reason: "InternalError",
      message: `Internal error occurred: failed calling webhook ${message}`,
    });
  await rig.validating("a", {
    name: "never.x.io",
    ...creating("configmaps"),
    ...closed,
    failurePolicy: "Ignore",
  });
  await rig.api.create(configMap, map("a"));
  await rig.validating("b", { name: "never.x.io", ...creating("configmaps"), ...closed });
  await fails(
    "b",
    `"never.x.io": failed to call webhook: Post "https://127.0.0.1:${port}/never?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  );
  await rig.api.delete(validatingWebhookConfiguration, "b");
  await rig.validating("c", { name: "wrong.x.io", ...creating("configmaps") });
  const { message } = (await rig.api.create(configMap, map("c")).catch((err: unknown) => err)) as Error;
  assert.match(
    message,
    /received invalid webhook response: expected response\.uid="[-0-9a-f]+", got "other"$/,
  );
  const text = (await rig.transport.request({ method: "GET", path: "/metrics" })).body as string;
  for (const line of [
    'apiserver_admission_webhook_fail_open_count{name="never.x.io",type="validating"} 3',
    'apiserver_admission_webhook_rejection_count{name="never.x.io",type="validating",operation="CREATE",error_type="calling_webhook_error",rejection_code="503"} 1',
    'apiserver_admission_webhook_request_total{name="wrong.x.io",type="validating",operation="CREATE",code="503",rejected="true"} 1',
  ])
    assert.ok(
      text.includes(line),
      `${line}\n${text.match(/apiserver_admission_webhook_\w+(count|total){.*/g)?.join("\n")}`,
    );
});

test("a webhook has the time it is given, and no more than the request has", async () => {
  await using rig = await startHooked({ never: () => new Promise(() => {}) });
  const hanging = { name: "never.x.io", ...creating("configmaps"), timeoutSeconds: 1 };
  await rig.validating("a", hanging);
  await assert.rejects(rig.api.create(configMap, map("a")), {
    reason: "InternalError",
    message: `Internal error occurred: failed calling webhook "never.x.io": failed to call webhook: Post "https://127.0.0.1:${rig.webhook.port}/never?timeout=1s": context deadline exceeded`,
  });
  const path = "/api/v1/namespaces/default/configmaps";
  await assert.rejects(
    rig.transport.request({ method: "POST", path, query: { timeout: "50ms" }, body: map("a") }),
    {
      reason: "Timeout",
      message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
    },
  );
  await assert.rejects(rig.transport.request({ method: "GET", path, query: { timeout: "soon" } }), {
    reason: "BadRequest",
    message: 'invalid timeout specified in the request URL - time: invalid duration "soon"',
  });
});

test("a dry run asks only webhooks that bear it", async () => {
  await using rig = await startHooked({ some: allow, none: allow });
  const dryRun = (name: string) =>
    rig.transport.request({
      method: "POST",
      path: "/api/v1/namespaces/default/configmaps",
      query: { dryRun: "All", fieldManager: "me" },
      body: map(name),
    });
  await rig.validating("a", { name: "none.x.io", ...creating("configmaps"), sideEffects: "NoneOnDryRun" });
  await dryRun("a");
  const [{ dryRun: isDry, options }] = rig.requests();
  assert.deepEqual(
    [isDry, options],
    [true, { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", dryRun: ["All"], fieldManager: "me" }],
  );
});

test("what a webhook warns of reaches the client, and what it wants audited the log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-webhooks-"));
  const path = join(folder, "audit.log");
  const policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n";
  {
    await using rig = await startHooked(
      {
        see: () => ({
          allowed: true,
          warnings: ["careful", "careful"],
          auditAnnotations: { seen: "yes", "bad key!": "no" },
        }),
        never: () => ({ uid: "wrong" }),
      },
      { audit: { policy, policyPath: "policy.yaml", path } },
    );
    await rig.validating(
      "a",
      { name: "see.x.io", ...creating("configmaps") },
      { name: "never.x.io", ...creating("configmaps"), failurePolicy: "Ignore" },
    );
    const { warnings } = await rig.transport.request({
      method: "POST",
      path: "/api/v1/namespaces/default/configmaps",
      body: map("audited"),
    });
    assert.deepEqual(warnings, ["careful"]);
  }
  const lines = readFileSync(path, "utf8").trim().split("\n");
  rmSync(folder, { recursive: true });
  const events = lines.map((line) => JSON.parse(line));
  const { annotations } = events.find(
    ({ objectRef, stage }) => objectRef?.name === "audited" && stage === "ResponseComplete",
  );
  const { "authorization.k8s.io/decision": _, "authorization.k8s.io/reason": __, ...own } = annotations;
  assert.deepEqual(own, {
    "see.x.io/seen": "yes",
    "failed-open.validating.webhook.admission.k8s.io/round_0_index_1": "never.x.io",
  });
});
