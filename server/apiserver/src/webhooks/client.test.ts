/** Webhooks are reached by URL or by Service, over connections that are kept, and what goes wrong is told in upstream's words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { openCaches } from "../cache/open-caches.ts";
import { startWebhook, type TestWebhook } from "../testing/webhook-server.ts";
import { WebhookClient } from "./client.ts";
import { timeoutText } from "./endpoint.ts";
import { WebhookFailure } from "./failure.ts";

const CALL = { timeoutMs: 10_000 };

async function startClient() {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(new MemoryStore());
  const caches = stack.use(await openCaches({ store, resources: [service, endpointSlice] }));
  const client = stack.use(new WebhookClient(caches));
  const held = stack.move();
  const publish = async (endpoints: readonly object[], port = 8443): Promise<void> => {
    const metadata = { name: "hook", namespace: "default" };
    const ports = [{ name: "https", port: 443 }];
    await caches.of(service as never).create("default/hook", { metadata, spec: { ports } } as never);
    await caches.of(endpointSlice as never).create("default/hook-1", {
      metadata: { ...metadata, name: "hook-1", labels: { "kubernetes.io/service-name": "hook" } },
      addressType: "IPv4",
      ports: [{ name: "https", port }],
      endpoints,
    } as never);
  };
  return { client, publish, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const byUrl = ({ port, caBundle }: TestWebhook) => ({ url: `https://127.0.0.1:${port}/check`, caBundle });
const byService = { service: { namespace: "default", name: "hook", path: "/check" } };
const fails = (message: string) => (err: unknown) => {
  assert.ok(err instanceof WebhookFailure, String(err));
  assert.equal(err.message, message);
  return true;
};

test("WebhookClient posts a document and keeps the connection, and takes another when that was closed", async () => {
  await using webhook = await startWebhook(({ body }) => ({ got: body }));
  await using rig = await startClient();
  const config = byUrl(webhook);
  assert.deepEqual(await rig.client.call(config, { n: 1 }, CALL), { got: { n: 1 } });
  await rig.client.call(config, { n: 2 }, CALL);
  assert.equal(webhook.connections, 1);
  webhook.drop();
  await rig.client.call(config, { n: 3 }, CALL);
  assert.equal(webhook.connections, 2);
  const [first] = webhook.received;
  assert.equal(first?.url, "/check?timeout=10s");
  assert.equal(first.headers.host, `127.0.0.1:${webhook.port}`);
  assert.equal(first.headers["content-type"], "application/json");
});

test("WebhookClient calls a ready endpoint of a Service under the Service's name", async () => {
  await using webhook = await startWebhook(() => ({ ok: true }), { names: ["hook.default.svc"] });
  await using rig = await startClient();
  const { caBundle, port } = webhook;
  const gone = { addresses: ["192.0.2.1"], conditions: { ready: false } };
  await rig.publish([gone, { addresses: ["127.0.0.1"], conditions: { ready: true } }], port);
  assert.deepEqual(await rig.client.call({ ...byService, caBundle }, {}, CALL), { ok: true });
  assert.equal(webhook.received[0]?.headers.host, "hook.default.svc:443");
});

test("WebhookClient says why a Service cannot be called", async () => {
  await using rig = await startClient();
  const post = 'Post "https://hook.default.svc:443/check?timeout=10s"';
  await assert.rejects(rig.client.call(byService, {}, CALL), fails(`${post}: service "hook" not found`));
  await rig.publish([]);
  await assert.rejects(
    rig.client.call(byService, {}, CALL),
    fails(`${post}: no endpoints available for service "hook"`),
  );
  const other = { service: { ...byService.service, port: 8443 } };
  await assert.rejects(
    rig.client.call(other, {}, CALL),
    fails(
      'Post "https://hook.default.svc:8443/check?timeout=10s": no service port 8443 found for service "hook"',
    ),
  );
});

test("WebhookClient gives up in time", async () => {
  await using webhook = await startWebhook(() => new Promise<never>(() => {}));
  await using rig = await startClient();
  const url = `https://127.0.0.1:${webhook.port}/check?timeout=1s`;
  await assert.rejects(
    rig.client.call(byUrl(webhook), {}, { timeoutMs: 50 }),
    fails(`Post "${url}": context deadline exceeded`),
  );
  const leave = new AbortController();
  const calling = rig.client.call(byUrl(webhook), {}, { timeoutMs: 1000, signal: leave.signal });
  leave.abort();
  await assert.rejects(calling, fails(`Post "${url}": context canceled`));
});

test("WebhookClient trusts only what it is told to, and refuses a certificate for another name", async () => {
  await using webhook = await startWebhook(() => ({}), { names: ["other.default.svc"] });
  await using rig = await startClient();
  await rig.publish([{ addresses: ["127.0.0.1"] }], webhook.port);
  const post =
    'Post "https://hook.default.svc:443/check?timeout=10s": tls: failed to verify certificate: x509:';
  await assert.rejects(
    rig.client.call(byService, {}, CALL),
    fails(`${post} certificate signed by unknown authority`),
  );
  await assert.rejects(
    rig.client.call({ ...byService, caBundle: webhook.caBundle }, {}, CALL),
    fails(`${post} certificate is valid for other.default.svc, not hook.default.svc`),
  );
});

test("WebhookClient stops reading an answer that has no end", async () => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  await using webhook = await startWebhook((_, response) => {
    const more = () => response.write(Buffer.alloc(1 << 20, " "), (err) => !err && more());
    response.once("close", resolve);
    more();
    return undefined;
  });
  await using rig = await startClient();
  await assert.rejects(rig.client.call(byUrl(webhook), {}, CALL), /the answer is longer than 16777232 bytes/);
  await left;
});

for (const [code, text, message] of [
  [500, "oh no\n", 'an error on the server ("oh no") has prevented the request from succeeding'],
  [404, "404 page not found\n", "the server could not find the requested resource"],
  [302, "", "the server responded with the status code 302 but did not return more information"],
  [403, '{"kind":"Status","status":"Failure","message":"not you"}', "not you"],
  [
    200,
    "<html>",
    "couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value",
  ],
] as const) {
  test(`WebhookClient makes an error of the answer ${code} ${text.trim()}`, async () => {
    await using webhook = await startWebhook((_, response) => {
      response.writeHead(code, { "content-type": "text/plain" }).end(text);
      return undefined;
    });
    await using rig = await startClient();
    await assert.rejects(rig.client.call(byUrl(webhook), {}, CALL), fails(message));
  });
}

test("timeoutText rounds up to whole seconds, as Go writes them", () => {
  assert.deepEqual([1, 1000, 9001, 90_000].map(timeoutText), ["1s", "1s", "10s", "1m30s"]);
});
