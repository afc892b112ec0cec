/** Secrets: texts become data, certificates are looked at. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Secret } from "../../generated/core-v1.ts";
import { keyPairProblem } from "../shared/key-pair.ts";
import { secret } from "./secret.ts";

test("Secret takes stringData over data and forgets it", () => {
  const object: Secret = { metadata: {}, data: { a: "MQ==", b: "Mg==" }, stringData: { b: "é", c: "" } };
  secret.defaults!(object);
  assert.deepEqual(object, { metadata: {}, data: { a: "MQ==", b: "w6k=", c: "" }, type: "Opaque" });
});

test("Secret keeps its type when an update leaves it out", () => {
  const object: Secret = { metadata: {}, type: "" };
  secret.prepareForUpdate!(object, { metadata: {}, type: "x.io/y" });
  assert.equal(object.type, "x.io/y");
});

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";

test("keyPairProblem says what is wrong with a pair", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-key-pair-"));
  try {
    const make = (name: string) => {
      const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
      const options = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=x",
      ];
      execFileSync("openssl", ["req", "-x509", ...options, "-keyout", key, "-out", certificate], {
        stdio: "ignore",
      });
      return { key: readFileSync(key), certificate: readFileSync(certificate) };
    };
    const [one, other] = [make("one"), make("other")];
    const none = Buffer.from("x");
    assert.equal(keyPairProblem(one.certificate, one.key), undefined);
    assert.equal(keyPairProblem(one.certificate, other.key), "tls: private key does not match public key");
    assert.equal(keyPairProblem(none, one.key), "tls: failed to find any PEM data in certificate input");
    assert.equal(keyPairProblem(one.certificate, none), "tls: failed to find any PEM data in key input");
    assert.match(keyPairProblem(one.key, one.key)!, /PEM inputs may have been switched/);
    assert.match(keyPairProblem(one.certificate, one.certificate)!, /found a certificate rather than a key/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
