/** Where figures come from: a server on a real socket that has them, and tells what it was asked. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { discover } from "@knarr/client/discovery.ts";
import { HttpTransport } from "@knarr/client/http-transport.ts";
import { parseLabelSelector } from "@knarr/machinery/labels.ts";
import { rememberKinds } from "../remembered-kinds.ts";
import { figuresFrom, type Figures } from "./metrics.ts";

const made = spawnSync("openssl", [
  ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
  ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-out", "-", "-keyout", "-"],
]);
const skip = made.status === 0 ? false : "needs openssl";
const pem = made.stdout;
const signal = AbortSignal.timeout(20_000);

const AT = "2026-01-01T00:00:00Z";
const at = Date.parse(AT);
const web = { namespace: "shop", selector: parseLabelSelector("app=web") };
const qps = { name: "qps", selector: { matchLabels: { code: "200" } } };
const described = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const value = (amount: string, name = "web-0", more = {}) => ({
  ...{ describedObject: { name }, timestamp: AT, value: amount, ...more },
});

/** Asks a server that knows these paths and no others. Returns what it answered and what it was asked. */
async function ask<T>(
  items: Readonly<Record<string, readonly unknown[]>>,
  question: (figures: Figures) => Promise<T>,
) {
  const asked: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer({ cert: pem, key: pem });
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const path = headers[":path"] as string;
    asked.push(path);
    const body = discovery[path] ?? (items[path] && { kind: "List", metadata: {}, items: items[path] });
    stream.respond({ ":status": body ? 200 : 404, "content-type": body ? "application/json" : "text/plain" });
    stream.end(body ? JSON.stringify(body) : "404 page not found\n");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const access = { server: `https://127.0.0.1:${port}`, ca: pem };
  await using transport = new HttpTransport(access);
  try {
    const kindOf = rememberKinds((within) => discover(transport, within));
    return { answer: await question(figuresFrom(createApi(transport), kindOf, signal)), asked };
  } finally {
    for (const session of sessions) session.destroy();
    server.close();
  }
}

const discovery: Readonly<Record<string, unknown>> = {
  "/api": { kind: "APIVersions", versions: [] },
  "/apis": {
    kind: "APIGroupList",
    groups: [{ preferredVersion: { groupVersion: "apps/v1" }, versions: [{ groupVersion: "apps/v1" }] }],
  },
  "/apis/apps/v1": {
    resources: [{ name: "deployments", kind: "Deployment", namespaced: true, verbs: ["get"] }],
  },
};

test("a resource of pods is summed over their containers, or is that of one", { skip }, async () => {
  const path = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb";
  const of = (name: string, ...containers: unknown[]) => ({
    ...{ metadata: { name }, timestamp: AT, window: "15s", containers },
  });
  const container = (name: string, usage: object) => ({ name, usage });
  const items = [
    of("both", container("app", { cpu: "250m" }), container("sidecar", { cpu: "1" })),
    of("half", container("app", { cpu: "100m" }), container("sidecar", {})),
  ];
  const figure = (value: number) => ({ value, at, windowMs: 15_000 });
  const whole = await ask({ [path]: items }, (figures) => figures.resource(web, { resource: "cpu" }));
  assert.deepEqual([...whole.answer], [["both", figure(1250)]]);
  const what = { resource: "cpu", container: "app" };
  const one = await ask({ [path]: items }, (figures) => figures.resource(web, what));
  assert.deepEqual(
    [...one.answer],
    [
      ["both", figure(250)],
      ["half", figure(100)],
    ],
  );
});

test(
  "figures of pods come from custom.metrics.k8s.io, by the labels of pods and of figures",
  { skip },
  async () => {
    const rest = "namespaces/shop/pods/*/qps?labelSelector=app%3Dweb&metricLabelSelector=code%3D200";
    const [newer, older] = ["v1beta2", "v1beta1"].map(
      (version) => `/apis/custom.metrics.k8s.io/${version}/${rest}`,
    );
    const question = (figures: Figures) => figures.custom(web, qps);
    const { answer } = await ask({ [newer!]: [value("1500m", "web-0", { windowSeconds: 30 })] }, question);
    assert.deepEqual([...answer], [["web-0", { value: 1500, at, windowMs: 30_000 }]]);
    const old = await ask({ [older!]: [value("2")] }, question);
    assert.deepEqual([...old.answer], [["web-0", { value: 2000, at, windowMs: 60_000 }]]);
    assert.deepEqual(old.asked, [newer, older]);
  },
);

test("a figure of an object is below its kind, one of a namespace below itself", { skip }, async () => {
  const root = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop";
  const hits = { name: "hits" };
  const path = `${root}/deployments.apps/web/hits`;
  const { answer } = await ask({ [path]: [value("7")] }, (figures) =>
    figures.object("shop", described, hits),
  );
  assert.equal(answer, 7000);
  const namespace = { kind: "Namespace", name: "shop" };
  const ofNamespace = await ask({ [`${root}/metrics/hits`]: [value("3")] }, (figures) =>
    figures.object("shop", namespace, hits),
  );
  assert.equal(ofNamespace.answer, 3000);
});

test("figures of the world outside come from external.metrics.k8s.io", { skip }, async () => {
  const path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/qps?labelSelector=code%3D200";
  const { answer } = await ask({ [path]: [value("1"), value("2500m")] }, (figures) =>
    figures.external("shop", qps),
  );
  assert.deepEqual(answer, [1000, 2500]);
});

test("what no server has is told by the name of its API", { skip }, async () => {
  await assert.rejects(
    ask({}, (figures) => figures.custom(web, qps)),
    {
      message:
        /^unable to fetch metrics from custom metrics API: no custom metrics API \(custom.metrics.k8s.io\)/,
    },
  );
  const path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue";
  await assert.rejects(
    ask({ [path]: [] }, (figures) => figures.external("shop", { name: "queue" })),
    { message: "no metrics returned from external metrics API" },
  );
  await assert.rejects(
    ask({}, (figures) => figures.object("shop", { kind: "Thing", name: "t" }, qps)),
    { message: /unable to map kind Thing to resource/ },
  );
});
