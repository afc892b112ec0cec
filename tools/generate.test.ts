/** Holds the committed tables and types to what the generators make of the published description. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { schemaTables } from "./generate-schema.ts";
import { typeFiles } from "./generate-types.ts";

const source = new URL("../../shared/data/kubernetes-1.36/", import.meta.url);
const tables = new URL("../api/schema/v1.36/", import.meta.url);
const types = new URL("../api/kinds/generated/", import.meta.url);
const skip = existsSync(source) ? false : "needs ../shared/data";

test("api/schema/v1.36 is what tools/generate.ts makes", { skip }, () => {
  const read = (file: string) => JSON.parse(readFileSync(new URL(file, source), "utf8"));
  for (const [file, text] of schemaTables(read("openapi-v2.json"), read("protobuf.json"))) {
    assert.ok(text === readFileSync(new URL(file, tables), "utf8"), `Run npm run generate: ${file} differs`);
  }
});

test("api/kinds/generated is what tools/generate.ts makes", () => {
  const files = typeFiles();
  assert.deepEqual(readdirSync(types).sort(), [...files.keys()].sort());
  for (const [file, text] of files) {
    assert.ok(text === readFileSync(new URL(file, types), "utf8"), `Run npm run generate: ${file} differs`);
  }
});
