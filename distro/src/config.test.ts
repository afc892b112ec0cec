/** From words and files to a config. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readConfig } from "./config.ts";
import { UsageError } from "./option.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-config-"));
after(() => rmSync(folder, { recursive: true }));

const configIn = (text: string) => {
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return readConfig([`--config=${path}`, "--node-ip=192.0.2.1"], {}, {}).config;
};

test("readConfig takes a file that says nothing, or something, and refuses what is no file of options", () => {
  for (const text of ["", "# later\n", "{}"]) assert.equal(configIn(text)["https-port"], 6443);
  assert.equal(configIn("https-port: 7443\n")["https-port"], 7443);
  for (const text of ["- a\n", "a: [\n"]) assert.throws(() => configIn(text), UsageError);
});
