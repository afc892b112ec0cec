/** While a rule of admission cannot be read, what it might be for is refused, and it can be taken away. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { mutatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/mutating-admission-policy.ts";
import { mutatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/mutating-webhook-configuration.ts";
import { validatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { validatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/validating-webhook-configuration.ts";
import { selfSubjectAccessReview } from "@knarr/kinds/authorization/self-subject-access-review.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { limitRange } from "@knarr/kinds/core/limit-range.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { objectPath } from "@knarr/client/paths.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { storePrefix } from "../cache/store-keys.ts";
import { createApiServer } from "../server.ts";
import { ADMIN } from "../testing/server.ts";
import { PROGRAM_NAME } from "./readable-rules.ts";

const IGNORE = { ignoreStoreReadErrorWithClusterBreakingPotential: true };

async function startWith(kind: Resource<any>, key: string) {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(new MemoryStore());
  await store.put(`${storePrefix(kind)}${key}`, Buffer.from("damaged"), 0);
  const server = stack.use(await createApiServer({ store }));
  const transport = server.inProcess(ADMIN, "test");
  const held = stack.move();
  return { server, transport, api: createApi(transport), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

for (const kind of [
  validatingWebhookConfiguration,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
] as readonly Resource<any>[])
  test(`a ${kind.kind} that cannot be read lets nothing pass until it is discarded`, async () => {
    await using rig = await startWith(kind, "bad");
    const { api, transport } = rig;
    const told = new RegExp(
      `is forbidden: not yet ready to handle request: the ${kind.kind} "bad" cannot be read`,
    );
    const made = { metadata: { name: "a", namespace: "default" } };
    await assert.rejects(api.create(configMap, made), told);
    await assert.rejects(api.patch(namespace, "default", { metadata: { labels: { a: "1" } } }), told);
    assert.equal((await api.get(namespace, "default")).metadata.name, "default");
    const spec = { nonResourceAttributes: { path: "/", verb: "get" } };
    assert.equal(
      (await api.create(selfSubjectAccessReview, { metadata: {}, spec } as never)).status?.allowed,
      true,
    );

    const { groups } = ADMIN;
    const own = { metadata: { name: "own", namespace: "default" } };
    assert.ok(await createApi(rig.server.inProcess({ name: PROGRAM_NAME, groups })).create(configMap, own));

    await transport.request({ method: "DELETE", path: objectPath(kind, "bad"), query: IGNORE });
    assert.ok(await api.create(configMap, made));
  });

for (const kind of [limitRange, resourceQuota] as readonly Resource<any>[])
  test(`a ${kind.kind} that cannot be read holds up its namespace only`, async () => {
    await using rig = await startWith(kind, "default/bad");
    const { api, transport } = rig;
    await api.create(namespace, { metadata: { name: "other" } });
    const claim = (where: string) =>
      api.create(persistentVolumeClaim, {
        metadata: { name: "c", namespace: where },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      });
    const told = new RegExp(`"c" is forbidden: not yet ready .* ${kind.kind} "default/bad" cannot be read`);
    await assert.rejects(claim("default"), told);
    assert.ok(await claim("other"));
    await transport.request({ method: "DELETE", path: objectPath(kind, "default/bad"), query: IGNORE });
    assert.ok(await claim("default"));
  });
