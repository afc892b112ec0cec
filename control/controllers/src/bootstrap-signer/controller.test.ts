/** Bootstrap tokens sign what the cluster says of itself, and are deleted when their time is over. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { makeWorld } from "../testing/world.ts";
import { tokenCleanerController } from "../token-cleaner/controller.ts";
import { bootstrapSignerController } from "./controller.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const token = (id: string, data: Record<string, string>) => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
  type: "bootstrap.kubernetes.io/token",
  data: Object.fromEntries(
    Object.entries({ "token-id": id, "token-secret": "0123456789abcdef", ...data }).map(([key, value]) => [
      key,
      base64(value),
    ]),
  ),
});

test("cluster-info carries the signature of every token that may sign, while it is good", async () => {
  await using world = await makeWorld([bootstrapSignerController, tokenCleanerController]);
  const expiration = formatTime(world.clock.now() + 60_000);
  await world.create(secret, token("aaaaaa", { "usage-bootstrap-signing": "true", expiration }));
  await world.create(secret, token("bbbbbb", { "usage-bootstrap-signing": "true" }));
  await world.create(secret, token("cccccc", { "usage-bootstrap-authentication": "true" }));
  await world.create(configMap, {
    metadata: { name: "cluster-info", namespace: "kube-public" },
    data: { kubeconfig: "where", "jws-kubeconfig-gone": "old" },
  });
  await world.settled();
  const data = async () => (await world.api.get(configMap, "kube-public/cluster-info")).data!;
  assert.deepEqual(Object.keys(await data()).sort(), [
    "jws-kubeconfig-aaaaaa",
    "jws-kubeconfig-bbbbbb",
    "kubeconfig",
  ]);

  const [header = "", content, signature] = (await data())["jws-kubeconfig-aaaaaa"]!.split(".");
  assert.equal(content, "");
  const whole = `${header}.${Buffer.from("where").toString("base64url")}`;
  assert.equal(createHmac("sha256", "0123456789abcdef").update(whole).digest("base64url"), signature);
  assert.deepEqual(JSON.parse(Buffer.from(header, "base64url").toString()), { alg: "HS256", kid: "aaaaaa" });

  world.clock.advance(60_000);
  await world.settled();
  assert.deepEqual(Object.keys(await data()).sort(), ["jws-kubeconfig-bbbbbb", "kubeconfig"]);
  const names = (await world.api.list(secret)).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(names.sort(), ["bootstrap-token-bbbbbb", "bootstrap-token-cccccc"]);
});
