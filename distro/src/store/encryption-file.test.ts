/** What upstream's API server would refuse of its own configuration is refused here, by field, and keys are not told. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readEncryptionFile } from "./encryption-file.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-encryption-file-"));
after(() => rmSync(folder, { recursive: true }));

const SECRET = Buffer.alloc(16, 7).toString("base64");
const withKey = (provider: string, secret: unknown): object[] => [
  { resources: ["*.*"], providers: [{ [provider]: { keys: [{ name: "k", secret }] } }] },
];

function read(configuration: object): unknown {
  const path = join(folder, "encryption.yaml");
  writeFileSync(path, JSON.stringify(configuration));
  return readEncryptionFile(path);
}

const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };

for (const [what, resources, says] of [
  [
    "an unknown provider",
    withKey("rot13", SECRET),
    /providers\[0\]\.rot13: Forbidden: there is no such field/,
  ],
  [
    "a short key",
    withKey("secretbox", SECRET),
    /resources\[0\]\.providers\[0\]\.secretbox\.keys\[0\]\.secret: Invalid value: <omitted>: has 16 bytes, wants 32/,
  ],
  ["a key that is a number", withKey("aesgcm", 12345), /secret: Invalid value: <omitted>: must be text/],
  ["two providers in one", [{ resources: ["a"], providers: [{ identity: {}, aescbc: {} }] }], /wants one of/],
  [
    "a wildcard and what it covers",
    [{ resources: ["*.apps", "deployments.apps"], providers: [] }],
    /covers another/,
  ],
  ["nothing", [], /resources: Required value/],
] as const) {
  test(`readEncryptionFile refuses ${what}`, () => {
    assert.throws(
      () => read({ ...head, resources }),
      (err: Error) => {
        assert.match(err.message, /^Cannot use the encryption configuration .*encryption\.yaml: /);
        assert.match(err.message, says);
        return !/12345|AAAA|Bwc/.test(err.message);
      },
    );
  });
}

test("readEncryptionFile takes what upstream takes", () => {
  read({ ...head, resources: withKey("aesgcm", SECRET) });
  read({
    apiVersion: "v1",
    kind: "EncryptionConfig",
    resources: [{ resources: ["nothing.at.all"], providers: [{ identity: {} }] }],
  });
  assert.throws(() => read({ ...head, kind: "Policy" }), /kind: Unsupported value: "apiserver.*Policy"/);
});
