/** Which bootstrap tokens let their bearer in, and as whom. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bootstrapTokenAuthenticator } from "./bootstrap-token.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const TOKEN = "abcdef.0123456789abcdef";

function identity(data: Record<string, string>, token = TOKEN) {
  const whole = {
    "token-id": "abcdef",
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    ...data,
  };
  const secret = {
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(
      Object.entries(whole).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    ),
  };
  const authenticator = bootstrapTokenAuthenticator({
    secret: (id) => (id === "abcdef" ? secret : undefined),
    now: () => NOW,
  });
  return authenticator.authenticateToken(token);
}

test("a bootstrap token is a user of its own in the groups that it names", async () => {
  const found = await identity({
    "auth-extra-groups": "system:bootstrappers:workers,system:bootstrappers:a",
  });
  assert.deepEqual(found!.user, {
    name: "system:bootstrap:abcdef",
    groups: ["system:bootstrappers", "system:bootstrappers:a", "system:bootstrappers:workers"],
  });
});

for (const [name, data, token] of [
  ["another secret", {}, "abcdef.0123456789abcdee"],
  ["no such token", {}, "abcdee.0123456789abcdef"],
  ["no token at all", {}, "abcdef"],
  ["an expired one", { expiration: "2025-12-31T23:59:59Z" }],
  ["an expiry that cannot be read", { expiration: "soon" }],
  ["one that may not log in", { "usage-bootstrap-authentication": "yes" }],
  ["groups of others", { "auth-extra-groups": "system:masters" }],
] as const) {
  test(`bootstrap token: ${name} is nobody's`, async () =>
    assert.equal(await identity(data, token), undefined));
}
