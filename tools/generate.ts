/**
 * Rewrites everything that is generated from the published description of the API:
 * `npm run generate` reads ../shared/data/kubernetes-1.36 and writes the tables of `api/schema/v1.36/`, and from
 * those the types of `api/kinds/generated/`.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { schemaTables } from "./generate-schema.ts";
import { writeTypes } from "./generate-types.ts";

const source = new URL(process.argv[2] ?? "../../shared/data/kubernetes-1.36/", import.meta.url);
const target = new URL("../api/schema/v1.36/", import.meta.url);

const read = (file: string) => JSON.parse(readFileSync(new URL(file, source), "utf8"));
for (const [file, text] of schemaTables(read("openapi-v2.json"), read("protobuf.json"))) {
  writeFileSync(new URL(file, target), text);
  console.log(`Wrote ${file} to api/schema/v1.36`);
}
writeTypes();
