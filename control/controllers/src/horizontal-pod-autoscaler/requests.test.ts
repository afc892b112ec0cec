/** What pods request, and what is said when they do not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { requestsOf } from "./requests.ts";

const container = (name: string, cpu?: string) => ({
  ...{ name, image: "i", ...(cpu !== undefined && { resources: { requests: { cpu } } }) },
});
const requested = (spec: PodSpec, only?: string) =>
  requestsOf([{ metadata: { name: "web" }, spec }], {
    resource: "cpu",
    ...(only !== undefined && { container: only }),
  }).get("web");

test("requestsOf() sums containers and sidecars, but no other init containers", () => {
  const sidecar = { ...container("sidecar", "50m"), restartPolicy: "Always" };
  const initContainers = [container("setup", "4"), sidecar];
  assert.equal(
    requested({ containers: [container("a", "1"), container("b", "200m")], initContainers }),
    1250,
  );
  assert.equal(requested({ containers: [container("a", "1")], initContainers }, "sidecar"), 50);
});

test("requestsOf() takes what the pod says as a whole, with its overhead", () => {
  const containers = [container("a", "1"), container("b")];
  const spec = { containers, overhead: { cpu: "100m" } };
  assert.equal(requested({ ...spec, resources: { requests: { cpu: "3" } } }), 3100);
  assert.equal(requested({ ...spec, resources: { requests: { memory: "1Gi" } } }), 1100);
});

test("requestsOf() says what is missing", () => {
  const containers = [container("a", "1"), container("b")];
  const resources = { requests: { memory: "1Gi" } };
  assert.throws(() => requested({ containers }), {
    message: "missing request for cpu in container b of Pod web",
  });
  assert.throws(() => requested({ containers }, "c"), { message: "container c not found in Pod web" });
  assert.throws(() => requested({ containers: [container("b")], resources }), {
    message: "missing pod-level request for cpu in Pod web",
  });
});
