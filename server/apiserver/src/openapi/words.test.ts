/** What `kubectl explain` says comes out of comments, and only into documents that somebody reads. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { groups } from "@knarr/kinds/kinds.ts";
import { OpenApi } from "./documents.ts";
import { words, wordsIn, type Words } from "./words.ts";

const read = (bytes: Buffer): any => JSON.parse(bytes.toString());
const APPS = "io.k8s.api.apps.v1.";

test("wordsIn reads the comments of the type and of its own fields", () => {
  const { description, fields } = wordsIn(`import { X } from "x";
/**
 * A boat: *\\/ means
 * nothing here.
 */
export interface Boat extends Y {
    /**
     * How many sail.
     *
     * Never none.
     */
    "crew"?: number;
    "silent": string;
    "hull": {
        /**
         * Deeper down.
         */
        "wood"?: string;
    };
}
`);
  assert.equal(description, "A boat: */ means\nnothing here.");
  assert.deepEqual(fields, { crew: "How many sail.\n\nNever none." });
});

test("the documents say of every field of a Deployment what it means", () => {
  const openApi = new OpenApi({ version: "v1.36.3", groups, words });
  const { schemas } = read(openApi.document("apis/apps/v1")!.bytes).components;
  for (const name of ["Deployment", "DeploymentSpec", "DeploymentStrategy", "RollingUpdateDeployment"]) {
    const { description, properties } = schemas[APPS + name];
    for (const words of [description, ...Object.values<any>(properties).map((field) => field.description)])
      assert.ok(words.length > 20, words);
  }
  const { strategy } = schemas[`${APPS}DeploymentSpec`].properties;
  assert.deepEqual(strategy.allOf, [{ $ref: `#/components/schemas/${APPS}DeploymentStrategy` }]);
  const { definitions } = read(openApi.version2().bytes);
  assert.equal(
    definitions[`${APPS}DeploymentSpec`].properties.strategy.$ref,
    `#/definitions/${APPS}DeploymentStrategy`,
  );
});

test("the index reads no words, and other words make other addresses", () => {
  const asked: string[] = [];
  const mine = (version: string): Words => ({
    version,
    of: (name) => (asked.push(name), { fields: {} }),
  });
  const indexWith = (version: string) => new OpenApi({ version: "v1", groups, words: mine(version) }).index();
  const { hash } = indexWith("1");
  assert.equal(indexWith("1").hash, hash);
  assert.notEqual(indexWith("2").hash, hash);
  assert.deepEqual(asked, []);
});

test("words are there for the metadata of objects, and of what nobody knows only what all objects have", () => {
  const { fields } = words.of("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  assert.match(fields["creationTimestamp"]!, /^CreationTimestamp is a timestamp/);
  assert.deepEqual(Object.keys(words.of("com.example.v1.Nothing").fields), ["apiVersion", "kind"]);
});
