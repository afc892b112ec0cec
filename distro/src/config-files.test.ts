/** A start with a configuration file that cannot be used says so, and has changed nothing. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readConfig } from "./config.ts";
import { prepare } from "./prepare.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-config-files-"));
after(() => rmSync(folder, { recursive: true }));

for (const [option, text, says] of [
  [
    "audit-policy-file",
    "kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [~]",
    /rules\[0\]\.level: Required value/,
  ],
  ["authentication-config", "jwt: x", /kind: Unsupported value: ""/],
  ["admission-control-config-file", "plugins: {", /Cannot read the admission configuration .*file\.yaml: /],
  ["encryption-provider-config", "5", /must be fields and values/],
] as const)
  test(`prepare puts nothing in place when --${option} cannot be used`, async () => {
    const path = join(folder, "file.yaml");
    writeFileSync(path, text);
    const { config } = readConfig(
      [`--${option}=${path}`, `--data-dir=${folder}`, "--node-ip=192.0.2.1"],
      {},
      {},
    );
    await assert.rejects(prepare(config), says);
    assert.deepEqual(readdirSync(folder), ["file.yaml"]);
  });

test("prepare names the option of a file that is not there", async () => {
  const { config } = readConfig(["--audit-policy-file=/nowhere/p.yaml", "--node-ip=192.0.2.1"], {}, {});
  await assert.rejects(prepare(config), /^Error: Cannot read --audit-policy-file \/nowhere\/p\.yaml: ENOENT/);
});
