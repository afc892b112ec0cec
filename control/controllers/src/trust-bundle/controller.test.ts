/** Pods find the cluster's own authority in a bundle: one, and the current one. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { clusterTrustBundle as bundles } from "@knarr/kinds/certificates/cluster-trust-bundle.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { makeWorld } from "../testing/world.ts";
import { SERVING_SIGNER, trustBundleController } from "./controller.ts";

const AUTHORITY = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

test("the authority is published under the hash of what it is, and former ones go", async () => {
  await using world = await makeWorld([trustBundleController(AUTHORITY)]);
  for (const [name, signerName] of [
    ["kubernetes.io:kube-apiserver-serving:former", SERVING_SIGNER],
    ["example.com:own:a", "example.com/own"],
  ] as const)
    await world.create(bundles, { metadata: { name }, spec: { signerName, trustBundle: "" } });
  await world.create(namespace, { metadata: { name: "kube-system" } });

  const hash = createHash("sha256").update(AUTHORITY).digest("hex").slice(0, 24);
  assert.deepEqual(
    (await world.list(bundles)).map(({ metadata, spec }) => [metadata.name, spec.trustBundle]),
    [
      ["example.com:own:a", ""],
      [`kubernetes.io:kube-apiserver-serving:${hash}`, AUTHORITY],
    ],
  );
});
