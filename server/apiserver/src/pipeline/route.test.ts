/** Paths to what they ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { routeOf } from "./route.ts";

const cases: readonly [request: string, want: Partial<ReturnType<typeof routeOf>>][] = [
  ["GET /api/v1/pods", { verb: "list", resource: "pods", namespace: "", name: "" }],
  ["GET /api/v1/namespaces/a/pods?watch=true", { verb: "watch", resource: "pods", namespace: "a" }],
  ["GET /api/v1/namespaces/a/pods?watch=", { verb: "watch" }],
  ["GET /api/v1/namespaces/a/pods?watch=false", { verb: "list" }],
  ["GET /api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Dx", { verb: "list", name: "x" }],
  ["GET /api/v1/watch/namespaces/a/pods/x", { verb: "watch", namespace: "a", resource: "pods", name: "x" }],
  ["GET /api/v1/namespaces/a", { verb: "get", resource: "namespaces", namespace: "a", name: "a" }],
  ["PUT /api/v1/namespaces/a/finalize", { resource: "namespaces", name: "a", subresource: "finalize" }],
  ["POST /api/v1/namespaces/a/pods", { verb: "create", resource: "pods", name: "" }],
  ["DELETE /api/v1/namespaces/a/pods", { verb: "deletecollection" }],
  ["DELETE /api/v1/namespaces/a/pods/x", { verb: "delete", name: "x" }],
  [
    "PATCH /apis/apps/v1/namespaces/a/deployments/d/scale",
    { verb: "patch", group: "apps", version: "v1", resource: "deployments", subresource: "scale" },
  ],
  ["GET /api/v1/namespaces/a/services/s/proxy/b/c/", { subresource: "proxy", rest: "/b/c/" }],
  ["GET /healthz", { verb: "get", isResource: false }],
  ["GET /apis/apps/v1", { isResource: false }],
  ["POST /apis", { verb: "post", isResource: false }],
];

for (const [request, want] of cases) {
  test(`routeOf(${request})`, () => {
    const [method = "", url = ""] = request.split(" ");
    const [path = "", search] = url.split("?");
    const route = routeOf(method, path, new URLSearchParams(search));
    for (const [part, value] of Object.entries(want)) assert.equal(route[part as never], value, part);
  });
}
