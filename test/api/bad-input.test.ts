/**
 * Bad input is refused as upstream refuses it: status, reason and message, word by word. What upstream answers was asked of it once
 * and is in `bad-requests.json`; here too are credentials that are no good.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CertificateFolder, type KeyPair } from "@knarr/distro/pki/certificates.ts";
import { ask, settled, type Question } from "./ask.ts";
import { badRequests, given } from "./bad-requests.ts";
import { Rig } from "./rig.ts";

type Expected = readonly [code: number, reason: string | null, message: string];
const answers: Readonly<Record<string, Expected>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "bad-requests.json"), "utf8"),
);
const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const admin: KeyPair = {
  cert: readFileSync(rig.file("pki/admin.crt"), "utf8"),
  key: readFileSync(rig.file("pki/admin.key"), "utf8"),
};
const askAs = (client: KeyPair | undefined, question: Question) =>
  ask({ url: rig.url, ca: rig.authority.cert, ...client }, question);

before(async () => {
  await rig.kubectl("wait", "serviceaccount/default", "--for=create", "--timeout=10s");
  for (const [path, body] of given) {
    const { code, message } = await askAs(admin, { method: "POST", path, body });
    assert.equal(code, 201, message);
  }
});

for (const request of badRequests) {
  test(`the server refuses ${request.name} as upstream does`, async () => {
    const { code, reason = null, message } = settled(await askAs(admin, request));
    assert.deepEqual([code, reason, message], answers[request.name]);
  });
}

test("every answer of upstream belongs to a request", () => {
  assert.deepEqual(Object.keys(answers).sort(), badRequests.map(({ name }) => name).sort());
});

const pods = { method: "GET", path: "/api/v1/namespaces/default/pods" };
const UNAUTHORIZED = { code: 401, reason: "Unauthorized", message: "Unauthorized" };

test("without credentials one is anonymous, and may see health and version only", async () => {
  const message =
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"';
  assert.deepEqual(await askAs(undefined, pods), { code: 403, reason: "Forbidden", message });
  for (const path of ["/healthz", "/readyz", "/livez", "/version"])
    assert.equal((await askAs(undefined, { method: "GET", path })).code, 200);
});

test("expired and foreign certificates are nobody's", async () => {
  const YEAR = 365 * 24 * 3600 * 1000;
  const leaf = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
  const past = new CertificateFolder(rig.file("past"), Date.now() - 2 * YEAR);
  const expired = await past.leaf("expired", rig.authority, leaf);
  assert.deepEqual(await askAs(expired, pods), UNAUTHORIZED);
  const elsewhere = new CertificateFolder(rig.file("elsewhere"));
  const foreign = await elsewhere.leaf("foreign", await elsewhere.authority("ca", "rig-ca"), leaf);
  assert.deepEqual(await askAs(foreign, pods), UNAUTHORIZED);
});

test("a certificate for servers is no client's", async () => {
  const leaf = { commonName: "admin", organizations: ["system:masters"], use: "server" } as const;
  const serving = await rig.certificates.leaf("serving", rig.authority, leaf);
  assert.deepEqual(await askAs(serving, pods), UNAUTHORIZED);
});

const withToken = (token: string) =>
  askAs(undefined, { ...pods, headers: { authorization: `Bearer ${token}` } });

test("tokens that are garbage, expired, changed or for others are nobody's", async () => {
  for (const token of ["garbage", "a.b.c", "e30.e30.e30"])
    assert.deepEqual(await withToken(token), UNAUTHORIZED);
  const good = (await rig.kubectl("create", "token", "default")).trim();
  assert.equal((await withToken(good)).code, 403);
  const [header = "", claims = "", signature = ""] = good.split(".");
  const decoded = JSON.parse(Buffer.from(claims, "base64url").toString());
  const changed = Buffer.from(JSON.stringify({ ...decoded, sub: "system:admin" })).toString("base64url");
  assert.deepEqual(await withToken(`${header}.${changed}.${signature}`), UNAUTHORIZED);
  assert.deepEqual(await withToken(`${header}.${claims}.`), UNAUTHORIZED);
  const symmetric = Buffer.from('{"alg":"HS256"}').toString("base64url");
  const forged = createHmac("sha256", rig.authority.cert)
    .update(`${symmetric}.${claims}`)
    .digest("base64url");
  assert.deepEqual(await withToken(`${symmetric}.${claims}.${forged}`), UNAUTHORIZED);
  const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
  assert.deepEqual(await withToken(`${unsigned}.${claims}.`), UNAUTHORIZED);
  const others = (await rig.kubectl("create", "token", "default", "--audience=vault")).trim();
  assert.deepEqual(await withToken(others), UNAUTHORIZED);
});

test("a good certificate is enough beside a bad token", async () => {
  const beside = await askAs(admin, { ...pods, headers: { authorization: "Bearer garbage" } });
  assert.equal(beside.code, 200); // the certificate is asked first, as upstream does
});
