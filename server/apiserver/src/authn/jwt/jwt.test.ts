/** Logging in with tokens of an OpenID Connect issuer: a real one over TLS, and the configuration that makes its claims a user. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { silent } from "@knarr/std/log.ts";
import { TestAuthority } from "../../testing/certificates.ts";
import { ConfiguredAuthentication } from "./configured-authentication.ts";
import { authenticationConfigurationOf } from "./configuration.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

/** An issuer with one key at a time. */
async function startIssuer() {
  const authority = await TestAuthority.create();
  const { certificate, key } = await authority.server();
  let signing: CryptoKey;
  let keys: object[] = [];
  let id = 0;
  const breaking: ((response: ServerResponse) => void)[] = [];
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const misbehave = breaking.shift();
    if (misbehave) return misbehave(response);
    const url = urlOf();
    const known = request.url === "/keys" ? { keys } : { issuer: url, jwks_uri: `${url}/keys` };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(known));
  });
  const urlOf = (): string => `https://localhost:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  async function changeKey(): Promise<void> {
    const pair = await generateKeyPair("RS256");
    signing = pair.privateKey;
    keys = [{ ...(await exportJWK(pair.publicKey)), kid: String(++id), alg: "RS256" }];
  }
  await changeKey();
  return {
    url: urlOf(),
    ca: authority.certificate,
    changeKey,
    /** What happens to the next requests, instead of an answer. */
    breaking,
    token: (claims: object, { audience = "knarr", lasts = 600 } = {}) =>
      new SignJWT({ sub: "1", ...claims })
        .setProtectedHeader({ alg: "RS256", kid: String(id) })
        .setIssuer(urlOf())
        .setAudience(audience)
        .setExpirationTime(NOW / 1000 + lasts)
        .sign(signing),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Issuer = Awaited<ReturnType<typeof startIssuer>>;

function configuration({ url, ca }: Pick<Issuer, "url" | "ca">, change: object = {}): string {
  const jwt = {
    issuer: { url, certificateAuthority: ca, audiences: ["knarr"] },
    claimMappings: {
      username: { claim: "email", prefix: "oidc:" },
      groups: { claim: "roles", prefix: "" },
      extra: [{ key: "example.org/team", valueExpression: "claims.team" }],
    },
    claimValidationRules: [{ expression: "claims.tenant == 'home'", message: "another tenant" }],
    userValidationRules: [{ expression: "!user.username.startsWith('oidc:system:')", message: "reserved" }],
    ...change,
  };
  return JSON.stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    jwt: [jwt],
  });
}

function configured(text: string, now = () => NOW) {
  const folder = mkdtempSync(join(tmpdir(), "knarr-oidc-"));
  const path = join(folder, "authentication.yaml");
  writeFileSync(path, text);
  const authentication = new ConfiguredAuthentication({
    path,
    ownIssuer: "https://kubernetes.default.svc.cluster.local",
    log: silent,
    now,
  });
  return {
    path,
    authentication,
    [Symbol.dispose]() {
      authentication[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

const CLAIMS = { email: "a@example.org", roles: ["dev", "ops"], tenant: "home", team: "red", jti: "7" };

test("a token's claims make a user, by an issuer that changes its keys", async () => {
  await using issuer = await startIssuer();
  using place = configured(configuration(issuer));
  const { authentication } = place;
  const found = await authentication.authenticateToken(await issuer.token(CLAIMS));
  assert.deepEqual(found!.user, {
    name: "oidc:a@example.org",
    groups: ["dev", "ops"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=7"], "example.org/team": ["red"] },
  });
  assert.equal(await authentication.authenticateToken("abcdef.0123456789abcdef"), undefined);

  for (const [claims, options, complaint] of [
    [
      { ...CLAIMS, tenant: "work" },
      {},
      /validation expression 'claims\.tenant == 'home'' failed: another tenant/,
    ],
    [{ ...CLAIMS, email: "system:x" }, {}, /failed: reserved/],
    [{ ...CLAIMS, email_verified: false }, {}, /oidc: email not verified/],
    [{ ...CLAIMS, email: undefined }, {}, /parse username claims "email": claim not present/],
    [CLAIMS, { audience: "other" }, /expected audience in \["knarr"\] got \["other"\]/],
    [CLAIMS, { lasts: -600 }, /oidc: verify token: .*exp/],
  ] as const)
    await assert.rejects(authentication.authenticateToken(await issuer.token(claims, options)), complaint);

  const forged = (await issuer.token(CLAIMS)).split(".");
  const other = await issuer.token({ ...CLAIMS, roles: ["admin"] });
  await assert.rejects(
    authentication.authenticateToken([forged[0], other.split(".")[1], forged[2]].join(".")),
    /signature verification failed/,
  );
});

test("an issuer that breaks off its answer, or never ends it, is asked again later", async () => {
  await using issuer = await startIssuer();
  let now = NOW;
  using place = configured(configuration(issuer), () => now);
  const login = async () => place.authentication.authenticateToken(await issuer.token(CLAIMS));
  issuer.breaking.push((response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("{", () => response.destroy());
  });
  await assert.rejects(login(), /oidc: Get .*aborted/);
  await assert.rejects(login(), /oidc: authenticator not initialized/);
  now += 10_000;
  issuer.breaking.push((response) => void response.end(Buffer.alloc((1 << 20) + 1, " ")));
  await assert.rejects(login(), /the answer is longer than 1048576 bytes/);
  now += 10_000;
  assert.equal((await login())!.user.name, "oidc:a@example.org");
});

test("a change of the configuration counts at once, and a wrong one changes nothing", async () => {
  await using issuer = await startIssuer();
  using place = configured(configuration(issuer));
  const { authentication, path } = place;
  const token = await issuer.token(CLAIMS);
  const nameNow = async () => (await authentication.authenticateToken(token))!.user.name;
  assert.equal(await nameNow(), "oidc:a@example.org");
  writeFileSync(path, "kind: Nonsense");
  writeFileSync(path, configuration(issuer, { claimMappings: { username: { claim: "sub", prefix: "" } } }));
  while ((await nameNow()) !== "1") await new Promise(setImmediate);
});

for (const [name, change, complaint] of [
  [
    "no audience",
    { issuer: { url: "https://a.example" } },
    /at least one jwt\.issuer\.audiences is required|audiences: Required value/,
  ],
  ["plain http", { issuer: { url: "http://a.example", audiences: ["a"] } }, /URL scheme must be https/],
  [
    "this server's own issuer",
    { issuer: { url: "https://kubernetes.default.svc.cluster.local", audiences: ["a"] } },
    /must not overlap with disallowed issuers/,
  ],
  [
    "a claim without prefix",
    { claimMappings: { username: { claim: "sub" } } },
    /username\.prefix: Required value: prefix is required/,
  ],
  [
    "an expression that does not compile",
    { claimMappings: { username: { expression: "claim.sub" } } },
    /compilation failed: ERROR: <input>:1:1: undeclared reference to 'claim'/,
  ],
  [
    "an address that nobody verified",
    { claimMappings: { username: { expression: "claims.email" } } },
    /claims\.email_verified must be used/,
  ],
  [
    "a reserved key",
    {
      claimMappings: {
        username: { claim: "sub", prefix: "" },
        extra: [{ key: "x.k8s.io/a", valueExpression: "claims.a" }],
      },
    },
    /are reserved for Kubernetes use/,
  ],
] as const) {
  test(`authenticationConfigurationOf refuses ${name}`, () => {
    const text = configuration({ url: "https://id.example.org", ca: "" }, change);
    const own = "https://kubernetes.default.svc.cluster.local";
    assert.throws(() => authenticationConfigurationOf(text, "a.yaml", own), complaint);
  });
}

test("who may come without credentials is the configuration's to say", () => {
  const text = JSON.stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: [{ path: "/livez" }] },
  });
  using place = configured(text);
  assert.equal(place.authentication.allowsAnonymous("/livez"), true);
  assert.equal(place.authentication.allowsAnonymous("/version"), false);
});
