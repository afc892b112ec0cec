/** What a text has that a schema does not know, or has it twice, is refused, warned of or dropped: as the sender wishes. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BOATS, define } from "../testing/boats.ts";
import { startSecureServer } from "../testing/secure-server.ts";

const rig = await startSecureServer();
after(() => rig[Symbol.asyncDispose]());
await define(rig);

const JSON_TYPE = "application/json";
const YAML = "application/yaml";
const MERGE = "application/merge-patch+json";

const text = (name: string, spec: string): string =>
  `{"apiVersion":"x.io/v1","kind":"Boat","metadata":{"name":"${name}","moored":true},"spec":${spec}}`;
const yaml = (name: string): string => `
apiVersion: x.io/v1
kind: Boat
metadata: { name: ${name} }
spec:
  crew: 2
  crew: 3
  sails: 4
`;

interface Asked {
  readonly method: "POST" | "PATCH";
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

async function send({ method, path, type, body }: Asked) {
  const { code, headers, body: answer } = await rig.get(path, { "content-type": type }, { method, body });
  const { warning = [] } = headers as { readonly warning?: string | readonly string[] };
  return { code, warnings: [warning].flat().join(", "), object: JSON.parse(answer.toString()) as any };
}

const twice: Asked = {
  method: "POST",
  path: BOATS,
  type: JSON_TYPE,
  body: text("json", `{"crew":2,"crew":3,"sails":4}`),
};
const twiceInYaml: Asked = { ...twice, type: YAML, body: yaml("yaml") };
await send({ ...twice, body: text("patched", `{"crew":1}`) });
const patch: Asked = {
  method: "PATCH",
  path: `${BOATS}/patched`,
  type: MERGE,
  body: `{"spec":{"crew":2,"crew":3,"sails":4}}`,
};

const inJson = [
  'duplicate field "spec.crew"',
  'unknown field "metadata.moored"',
  'unknown field "spec.sails"',
];
const inYaml = ['line 7: key "crew" already set in map', 'unknown field "spec.sails"'];
const inPatch = ['duplicate field "spec.crew"', 'unknown field "spec.sails"'];

for (const [name, asked, findings, strictCode] of [
  ["JSON", twice, inJson, 400],
  ["YAML", twiceInYaml, inYaml, 400],
  ["a patch", patch, inPatch, 422],
] as const) {
  test(`in ${name}, strictly, what is too much is refused`, async () => {
    const { code, object } = await send({ ...asked, path: `${asked.path}?fieldValidation=Strict` });
    assert.equal(code, strictCode);
    for (const finding of findings) assert.ok(object.message.includes(finding), object.message);
  });

  test(`in ${name} it is warned of by default, and the last of two counts`, async () => {
    const { code, warnings, object } = await send({ ...asked, path: `${asked.path}?dryRun=All` });
    assert.ok(code < 300, object.message);
    assert.deepEqual(object.spec, { crew: 3, color: "red" });
    for (const finding of findings) assert.ok(warnings.includes(JSON.stringify(finding)), warnings);
  });

  test(`in ${name} it is dropped without a word when nobody wishes to know`, async () => {
    const path = `${asked.path}?dryRun=All&fieldValidation=Ignore`;
    const { code, warnings, object } = await send({ ...asked, path });
    assert.deepEqual([code < 300, warnings, object.spec], [true, "", { crew: 3, color: "red" }]);
  });
}

test("where the schema keeps what it does not know, nothing is too much", async () => {
  const body = `{"apiVersion":"x.io/v1","kind":"Boat","metadata":{"name":"free"},"spec":{"crew":1,"free":{"a":[{"b":1}]}}}`;
  const { code, object } = await send({ ...twice, path: `${BOATS}?fieldValidation=Strict`, body });
  assert.deepEqual([code, object.spec.free], [201, { a: [{ b: 1 }] }]);
});

test("a patch cannot make it something that is not what it is", async () => {
  const { code, object } = await send({ ...patch, body: `{"kind":null}` });
  assert.equal(code, 422);
  assert.match(object.message, /: Object 'Kind' is missing in '\{"apiVersion":"x\.io\/v1",/);
});

test("there is no protobuf of custom resources", async () => {
  const { code } = await send({ ...twice, type: "application/vnd.kubernetes.protobuf", body: "k8s\0" });
  assert.equal(code, 415);
});
