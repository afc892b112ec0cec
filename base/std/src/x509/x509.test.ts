/** Requests that openssl made are read, checked and signed, and what comes out is a certificate to Node and to openssl. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readCertificateRequest, type CertificateRequest } from "./certificate-request.ts";
import { readDer } from "./der.ts";
import { pemBlocks } from "./pem.ts";
import { signCertificate } from "./sign-certificate.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";
const folder = mkdtempSync(join(tmpdir(), "knarr-x509-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function openssl(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", words, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}

const NAMES = "subjectAltName=DNS:web.example,IP:10.0.0.7,IP:fd00::1,email:a@example.org,URI:spiffe://x/y";

function requestOf(newKey: readonly string[], ...more: string[]): CertificateRequest {
  const subject = ["-subj", "/O=team-a/O=team-b/CN=jane"];
  openssl("req", "-new", "-nodes", "-keyout", "k", "-out", "r", ...subject, "-newkey", ...newKey, ...more);
  return readCertificateRequest(pemBlocks(readFileSync(join(folder, "r"), "utf8"))[0]!.bytes);
}

const EC = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

for (const [name, key, more] of [
  ["RSA", ["rsa:2048"], []],
  ["RSA-PSS", ["rsa:2048"], ["-sigopt", "rsa_padding_mode:pss"]],
  ["P-256", EC, []],
  ["P-384", ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"]],
  ["Ed25519", ["ed25519"], []],
] as const) {
  test(`readCertificateRequest believes who holds a key of ${name}, and nobody else`, { skip }, () => {
    const request = requestOf(key, ...more);
    assert.equal(request.signatureProblem(), undefined);
    const [block] = pemBlocks(readFileSync(join(folder, "r"), "utf8"));
    const forged = Uint8Array.from(block!.bytes);
    forged[forged.length - 1]! ^= 1;
    assert.match(readCertificateRequest(forged).signatureProblem()!, /verification/);
  });
}

test("readCertificateRequest reads subject and alternative names", { skip }, () => {
  const { subject, dnsNames, ipAddresses, emailAddresses, uris } = requestOf(EC, "-addext", NAMES);
  assert.deepEqual([subject.commonName, subject.organizations], ["jane", ["team-a", "team-b"]]);
  assert.deepEqual([dnsNames, emailAddresses, uris], [["web.example"], ["a@example.org"], ["spiffe://x/y"]]);
  assert.deepEqual(ipAddresses, ["10.0.0.7", "fd00:0:0:0:0:0:0:1"]);
});

test("pemBlocks passes over what is no block, in one pass", () => {
  const block = (type: string, body: string): string =>
    `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;
  const text = `words\n${block("A", "AQID")}-----BEGIN B-----\n${block("C", "a: b\n\nBAUG")}${block("D", "?")}`;
  assert.deepEqual(
    pemBlocks(text).map(({ type, hasHeaders, bytes }) => [type, hasHeaders, [...bytes]]),
    [
      ["A", false, [1, 2, 3]],
      ["C", true, [4, 5, 6]],
    ],
  );
});

test("readDer refuses what is cut off, longer than it says, or not written the one way", () => {
  assert.throws(() => readDer(Uint8Array.of(0x30, 3, 2, 1)), /truncated/);
  assert.throws(() => readDer(Uint8Array.of(2, 1, 5, 0, 0)), /trailing/);
  assert.throws(() => readDer(Uint8Array.of(2, 0x81, 1, 5)), /non-minimal/);
  assert.throws(() => readDer(Uint8Array.of()), /trailing|truncated/);
});

test("signCertificate makes a certificate that chains to its authority", { skip }, () => {
  const request = requestOf(EC, "-addext", NAMES);
  const ca = ["-subj", "/CN=ca", "-newkey", ...EC, "-addext", "keyUsage=critical,keyCertSign"];
  openssl("req", "-x509", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", ...ca);
  const authority = {
    cert: readFileSync(join(folder, "ca.crt"), "utf8"),
    key: readFileSync(join(folder, "ca.key"), "utf8"),
  };
  const now = Math.floor(Date.now() / 1000) * 1000;
  const pem = signCertificate(
    {
      request,
      notBefore: now - 60_000,
      notAfter: now + 3600_000,
      keyUsages: [0, 2],
      extendedKeyUsages: ["1.3.6.1.5.5.7.3.2"],
    },
    authority,
  );
  const certificate = new X509Certificate(pem);
  const issuer = new X509Certificate(authority.cert);
  assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
  assert.ok(certificate.publicKey.equals(request.publicKey));
  assert.equal(certificate.subject, "O=team-a\nO=team-b\nCN=jane");
  assert.equal(certificate.validToDate.getTime(), now + 3600_000);
  assert.ok(certificate.checkHost("web.example") && certificate.checkIP("fd00::1"));
  writeFileSync(join(folder, "c.crt"), pem);
  openssl("verify", "-purpose", "sslclient", "-CAfile", "ca.crt", "c.crt");
  const text = openssl("x509", "-noout", "-text", "-in", "c.crt");
  assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment/);
  assert.match(text, /Authority Key Identifier/);
});

test("signCertificate signs with RSA, too", { skip }, () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(folder, "rsa.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  openssl("req", "-x509", "-key", "rsa.key", "-days", "2", "-subj", "/CN=ca", "-out", "rsa.crt");
  const authority = {
    cert: readFileSync(join(folder, "rsa.crt"), "utf8"),
    key: readFileSync(join(folder, "rsa.key"), "utf8"),
  };
  const now = Date.now();
  const terms = { notBefore: now, notAfter: now + 1000, keyUsages: [], extendedKeyUsages: [] };
  const certificate = new X509Certificate(signCertificate({ request: requestOf(EC), ...terms }, authority));
  assert.ok(certificate.verify(new X509Certificate(authority.cert).publicKey));
});
