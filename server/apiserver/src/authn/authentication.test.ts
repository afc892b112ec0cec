/** Authentication with real certificates and real keys, and the tokens of service accounts from issue to end. */

import assert from "node:assert/strict";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import { test } from "node:test";
import type { X509Certificate } from "@peculiar/x509";
import type { Credentials } from "../request.ts";
import { tokenReview } from "../reviews/token-review.ts";
import type { ReviewContext } from "../reviews/reviews.ts";
import { Authentication } from "./authentication.ts";
import type { TokenRequest } from "@knarr/kinds/generated/authentication-v1.ts";
import { issueToken, preparedRequest, type TokenIssuer } from "./issue-token.ts";
import { requestHeaderAuthenticator } from "./request-header.ts";
import { serviceAccountAuthenticator, type BoundObjects } from "./service-account.ts";
import { claimsOf, tokenKeys } from "./service-account-keys.ts";
import { staticTokenAuthenticator } from "./static-token.ts";
import { CLIENT_AUTH, x509Authenticator } from "./x509.ts";

await import("reflect-metadata"); // @peculiar/x509 stands on it
const { BasicConstraintsExtension, ExtendedKeyUsageExtension, X509CertificateGenerator, cryptoProvider } =
  await import("@peculiar/x509");
cryptoProvider.set(webcrypto as never);
const NOW = Date.parse("2026-01-01T00:00:00Z");
const DAY = 24 * 60 * 60 * 1000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

interface Authority {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: X509Certificate;
}

async function authority(name: string): Promise<Authority> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(NOW + 365 * DAY),
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return { keys, certificate };
}

async function signed(
  by: Authority,
  subject: string,
  { usage = CLIENT_AUTH, until = NOW + DAY } = {},
): Promise<Buffer> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: by.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: by.keys.privateKey,
    notBefore: new Date(NOW - DAY),
    notAfter: new Date(until),
    signingAlgorithm: algorithm,
    extensions: [new ExtendedKeyUsageExtension([usage])],
  });
  return Buffer.from(certificate.rawData);
}

function authentication(ca: Authority, now = NOW): Authentication {
  const clientCa = ca.certificate.toString("pem");
  return new Authentication({
    authenticators: [x509Authenticator({ clientCa, now: () => now })],
    tokens: [],
  });
}

const credentials = (certificate: Buffer): Credentials => ({ path: "/", certificate, headers: {} });

test("x509: the common name is the user, the organizations are the groups", async () => {
  const ca = await authority("ca");
  const certificate = await signed(ca, "O=system:masters, O=b, CN=admin");
  const user = await authentication(ca).authenticate(credentials(certificate));
  assert.equal(user.name, "admin");
  assert.deepEqual(user.groups, ["system:masters", "b", "system:authenticated"]);
  assert.match(
    user.extra?.["authentication.kubernetes.io/credential-id"]?.[0] ?? "",
    /^X509SHA256=[0-9a-f]{64}$/,
  );
});

for (const [name, make] of [
  ["of another CA", async () => signed(await authority("other"), "CN=a")],
  ["of another CA of the same name", async () => signed(await authority("ca"), "CN=a")],
  ["for servers", async (ca: Authority) => signed(ca, "CN=a", { usage: "1.3.6.1.5.5.7.3.1" })],
  ["that has expired", async (ca: Authority) => signed(ca, "CN=a", { until: NOW - 1000 })],
  ["without a name", async (ca: Authority) => signed(ca, "O=a")],
] as const) {
  test(`x509 refuses a certificate ${name}`, async () => {
    const ca = await authority("ca");
    const certificate = await make(ca);
    assert.throws(() => authentication(ca).authenticate(credentials(certificate)), {
      code: 401,
      message: "Unauthorized",
    });
  });
}

test("x509 refuses a certificate that expires while its connection lives", async () => {
  const ca = await authority("ca");
  const certificate = await signed(ca, "CN=a");
  let now = NOW;
  const { authenticate } = x509Authenticator({ clientCa: ca.certificate.toString("pem"), now: () => now });
  assert.equal(authenticate(credentials(certificate))?.name, "a");
  now = NOW + 2 * DAY;
  assert.throws(() => authenticate(credentials(certificate)), { code: 401 });
});

test("no credentials are anonymous, bad ones are nobody", async () => {
  const ca = await authority("ca");
  const nobody = await authentication(ca).authenticate({ path: "/", headers: {} });
  assert.deepEqual(nobody, { name: "system:anonymous", groups: ["system:unauthenticated"] });
  await assert.rejects(
    async () => authentication(ca).authenticate({ path: "/", headers: {}, bearerToken: "nope" }),
    {
      code: 401,
    },
  );
  const strict = new Authentication({ authenticators: [], tokens: [], allowsAnonymous: () => false });
  assert.throws(() => strict.authenticate({ path: "/", headers: {} }), { code: 401 });
});

test("static tokens are their users'", async () => {
  const tokens = [
    staticTokenAuthenticator([{ token: "s3cret", user: { name: "root", groups: ["system:masters"] } }]),
  ];
  const all = new Authentication({ authenticators: [], tokens });
  assert.equal((await all.authenticate({ path: "/", headers: {}, bearerToken: "s3cret" })).name, "root");
  await assert.rejects(async () => all.authenticate({ path: "/", headers: {}, bearerToken: "s3cre" }), {
    code: 401,
  });
});

test("request headers are believed of the proxy alone", async () => {
  const ca = await authority("front");
  const proxy = await signed(ca, "CN=front-proxy");
  const proxyCa = ca.certificate.toString("pem");
  const options = { proxyCa, allowedNames: ["front-proxy"], now: () => NOW };
  const { authenticate } = requestHeaderAuthenticator(options);
  const headers = { "x-remote-user": "jane", "x-remote-group": "a, b", "x-remote-extra-team": "x" };
  assert.deepEqual(await authenticate({ path: "/", certificate: proxy, headers }), {
    name: "jane",
    groups: ["a", "b"],
    extra: { team: ["x"] },
  });
  assert.equal(await authenticate({ path: "/", headers }), undefined);
  assert.equal(
    await authenticate({ path: "/", certificate: await signed(ca, "CN=other"), headers }),
    undefined,
  );
  assert.equal(
    await authenticate({
      path: "/",
      certificate: await signed(await authority("front"), "CN=front-proxy"),
      headers,
    }),
    undefined,
  );
});

// Service accounts

const pem = (type: "rsa" | "ec"): string => {
  const pair =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
};
const rsa = pem("rsa");
const AUDIENCE = "https://kubernetes.default.svc.cluster.local";

interface Rig {
  readonly issuer: TokenIssuer;
  readonly all: Authentication;
  readonly objects: Record<string, any>;
  time: number;
}

/** One service account `x/s`, one pod `p` of it on node `n`. */
function rig(signingKey = rsa): Rig {
  const objects: Record<string, any> = {
    "x/s": { metadata: { name: "s", namespace: "x", uid: "u-s" } },
    "x/p": {
      metadata: { name: "p", namespace: "x", uid: "u-p" },
      spec: { serviceAccountName: "s", nodeName: "n" },
    },
    n: { metadata: { name: "n", uid: "u-n" } },
  };
  const at = (namespace: string, name: string): any => objects[`${namespace}/${name}`];
  const bound: BoundObjects = { serviceAccount: at, pod: at, secret: at, node: (name) => objects[name] };
  const keys = tokenKeys({ issuer: AUDIENCE, signingKey });
  const now = (): number => here.time;
  const shared = { keys, objects: bound, audiences: [AUDIENCE], now };
  const here: Rig = {
    time: NOW,
    objects,
    issuer: { ...shared, newId: () => "id" },
    all: new Authentication({ authenticators: [], tokens: [serviceAccountAuthenticator(shared)] }),
  };
  return here;
}

const account = { namespace: "x", name: "s" };
const podBound = { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } };

function tokenFor(spec: object, issuer: TokenIssuer): string {
  return answered(spec, issuer).status!.token!;
}

function answered(spec: object, issuer: TokenIssuer): TokenRequest {
  return issueToken(preparedRequest(request(spec), account, issuer), account, issuer);
}

function request(spec: object): any {
  return { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec };
}

for (const type of ["rsa", "ec"] as const) {
  test(`a token that was issued is its service account's, with ${type} keys`, async () => {
    const { issuer, all } = rig(pem(type));
    const bearerToken = tokenFor(podBound, issuer);
    assert.deepEqual(await all.authenticate({ path: "/", headers: {}, bearerToken }), {
      name: "system:serviceaccount:x:s",
      uid: "u-s",
      groups: ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/pod-name": ["p"],
        "authentication.kubernetes.io/pod-uid": ["u-p"],
        "authentication.kubernetes.io/credential-id": ["JTI=id"],
        "authentication.kubernetes.io/node-name": ["n"],
        "authentication.kubernetes.io/node-uid": ["u-n"],
      },
    });
  });
}

test("issueToken makes the claims that upstream makes", () => {
  const { issuer } = rig();
  const { status, spec, metadata } = answered({ expirationSeconds: 600 }, issuer);
  const issued = NOW / 1000;
  assert.deepEqual(claimsOf(status!.token!), {
    aud: [AUDIENCE],
    exp: issued + 600,
    iat: issued,
    iss: AUDIENCE,
    jti: "id",
    "kubernetes.io": { namespace: "x", serviceaccount: { name: "s", uid: "u-s" } },
    nbf: issued,
    sub: "system:serviceaccount:x:s",
  });
  assert.equal(status!.expirationTimestamp, "2026-01-01T00:10:00Z");
  assert.equal(spec?.expirationSeconds, 600);
  assert.equal(metadata?.uid, "u-s");
});

test("issueToken extends what pods ask for by default to a year, and warns after it", () => {
  const { issuer } = rig();
  const { status } = answered({ ...podBound, expirationSeconds: 3607 }, issuer);
  const claims = claimsOf(status!.token!) as any;
  assert.equal(claims.exp - claims.iat, 365 * 24 * 3600);
  assert.equal(claims["kubernetes.io"].warnafter - claims.iat, 3607);
  assert.equal(status!.expirationTimestamp, "2026-01-01T01:00:07Z");
});

for (const [name, spec, code, message] of [
  [
    "less than ten minutes",
    { expirationSeconds: 5 },
    422,
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
  ],
  [
    "a pod that is not there",
    { boundObjectRef: { ...podBound.boundObjectRef, name: "q" } },
    404,
    'pods "q" not found',
  ],
  [
    "another kind",
    { boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "q" } },
    400,
    "cannot bind token to object of type /v1, Kind=ConfigMap",
  ],
  [
    "a pod that was replaced",
    { boundObjectRef: { ...podBound.boundObjectRef, uid: "old" } },
    409,
    'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated',
  ],
] as const) {
  test(`issueToken refuses ${name}`, () => {
    const { issuer } = rig();
    assert.throws(() => answered(spec, issuer), { code, message });
  });
}

for (const [name, change, why] of [
  ["its pod is gone", (r: Rig) => delete r.objects["x/p"], "service account token has been invalidated"],
  [
    "its pod was replaced",
    (r: Rig) => (r.objects["x/p"].metadata.uid = "new"),
    "pod UID (new) does not match service account pod ref claim (u-p)",
  ],
  [
    "its pod was deleted more than a minute ago",
    (r: Rig) => (r.objects["x/p"].metadata.deletionTimestamp = "2025-12-31T23:58:00Z"),
    "service account token has been invalidated",
  ],
  [
    "its service account was replaced",
    (r: Rig) => (r.objects["x/s"].metadata.uid = "new"),
    "service account UID (new) does not match claim (u-s)",
  ],
  ["it has expired", (r: Rig) => (r.time += 2 * 3600 * 1000), "service account token has expired"],
] as const) {
  test(`a token is refused once ${name}`, async () => {
    const here = rig();
    const token = tokenFor(podBound, here.issuer);
    assert.ok((await here.all.authenticateToken(token)).identity);
    change(here);
    assert.deepEqual((await here.all.authenticateToken(token)).problems, ["invalid bearer token", why]);
  });
}

test("a token is refused when anything in it was changed, or somebody else signed it", async () => {
  const { issuer, all } = rig();
  const token = tokenFor({}, issuer);
  const [head, , signature] = token.split(".");
  const claims = { ...claimsOf(token), sub: "system:serviceaccount:kube-system:root" };
  const forged = [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
  assert.equal((await all.authenticateToken(forged)).identity, undefined);
  const foreign = tokenFor({}, rig(pem("rsa")).issuer);
  assert.equal((await all.authenticateToken(foreign)).identity, undefined);
  const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`;
  assert.equal((await all.authenticateToken(none)).identity, undefined);
});

test("tokenReview answers for the audience asked for, in upstream's words", async () => {
  const { issuer, all } = rig();
  const token = tokenFor({}, issuer);
  const context = { authentication: all, audiences: [AUDIENCE] } as unknown as ReviewContext;
  const review = async (spec: object): Promise<any> =>
    ((await tokenReview({ metadata: {}, spec } as never, context)) as any).status;
  const good = await review({ token });
  assert.equal(good.authenticated, true);
  assert.deepEqual(good.audiences, [AUDIENCE]);
  assert.deepEqual(await review({ token, audiences: ["foo"] }), {
    user: {},
    error: `[invalid bearer token, token audiences ["${AUDIENCE}"] is invalid for the target audiences ["foo"]]`,
  });
  assert.deepEqual(await review({ token: "a.b.c" }), { user: {}, error: "invalid bearer token" });
  await assert.rejects(tokenReview({ metadata: {}, spec: {} } as never, context), {
    message: "token is required for TokenReview in authentication",
  });
});

test("tokenKeys publishes its keys so that others can check tokens", () => {
  const keys = tokenKeys({ issuer: AUDIENCE, signingKey: rsa, otherKeys: [pem("ec")] });
  const set = keys.keySet() as { keys: any[] };
  assert.deepEqual(
    set.keys.map(({ use, kty, alg }) => [use, kty, alg]),
    [
      ["sig", "RSA", "RS256"],
      ["sig", "EC", "ES256"],
    ],
  );
  assert.ok(
    set.keys.every((key) => key.kid.length === 43 && !("d" in key)),
    "and nothing private",
  );
  assert.deepEqual(keys.openidConfiguration("https://h/openid/v1/jwks"), {
    issuer: AUDIENCE,
    jwks_uri: "https://h/openid/v1/jwks",
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256", "RS256"],
  });
});
