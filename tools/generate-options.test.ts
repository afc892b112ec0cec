/** docs/options.md says what the program does. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { optionsPage } from "./generate-options.ts";

test("docs/options.md is what the table of options says", () => {
  const page = readFileSync(new URL("../docs/options.md", import.meta.url), "utf8");
  assert.equal(page, optionsPage(), "Run `npm run generate`");
});
