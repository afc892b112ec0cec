/**
 * Made-up schemas, and objects for them, sent to upstream's own API server and held against what we say: the rules of
 * CustomResourceDefinition in dry runs (`definitions`), and what schemas do to objects (`objects`), for which definitions are
 * really made, in a group of their own, and taken away again.
 *
 *     tools/node api/kinds/src/answers/schemas-against-upstream.ts KUBECONFIG definitions|objects[+rules] [COUNT] [SEED]
 */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { convert } from "@knarr/machinery/decode/convert.ts";
import { validateMetadata } from "@knarr/machinery/metadata.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { CustomSchema } from "@knarr/structural/custom-schema.ts";
import { customSchemaOf } from "@knarr/structural/custom-schema-of.ts";
import { customResourceDefinition } from "../apiextensions/custom-resource-definition.ts";
import { RandomRules } from "./random-rules.ts";
import { RandomSchemas } from "./random-schemas.ts";

const CLIENT = new URL("../../../../../shared/conformance/replay-client.mjs", import.meta.url);
const GROUP = `seed${process.pid}.schemas.knarr.test`;
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const DEFINITION = definition(
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
);
const SHOWN = 20;
/** Most schemas with rules at random are refused. */
const TRIES = 50;

const [kubeconfig, what = "definitions", count = "200", seed = "1"] = process.argv.slice(2);
if (!kubeconfig) throw new Error("Name the kubeconfig of an upstream API server");
const client = (await import(CLIENT.href)).connect(kubeconfig);
const random = new RandomSchemas(Number(seed));
const rules = what.endsWith("+rules") ? new RandomRules(random) : undefined;
const tally = { cases: 0, agree: 0, accepted: 0 };
const misses: string[] = [];

if (what.startsWith("definitions")) for (let i = 0; i < Number(count); i++) await compareDefinition();
else for (let i = 0; i < Number(count); i++) await compareObjects(i);
await client.close();
console.log(`${what}: ${tally.cases} compared, ${tally.agree} agree, ${tally.accepted} of them accepted`);
for (const miss of misses.slice(0, SHOWN)) console.log(`\n${miss}`);

interface Said {
  readonly code: number;
  readonly says: readonly string[];
}

function note(subject: unknown, wanted: Said, got: Said): void {
  tally.cases++;
  const text = (said: Said) => JSON.stringify([said.code, said.says.map(unnumbered).toSorted()]);
  if (text(wanted) === text(got)) {
    tally.agree++;
    if (wanted.code === 201 || wanted.code === 200) tally.accepted++;
    return;
  }
  wanted = { ...wanted, says: wanted.says.map(unnumbered) };
  const lines = wanted.says.filter((line) => !got.says.includes(line)).map((line) => `  - ${line}`);
  const extra = got.says.filter((line) => !wanted.says.includes(line)).map((line) => `  + ${line}`);
  misses.push(`${JSON.stringify(subject)}\n${wanted.code} ${got.code}\n${[...lines, ...extra].join("\n")}`);
}

/** Upstream names the types of rules for the time of day. */
function unnumbered(line: string): string {
  return line.replaceAll(/selfType\d+/g, "selfType");
}

function upstreamSays({ code, body, warnings }: any): Said {
  if (code === 422)
    return { code, says: (body.details?.causes ?? []).map((one: any) => `${one.field}: ${one.message}`) };
  if (code === 400) return { code, says: [body.message.replace(/^.*cannot be handled as a \w+: /s, "")] };
  const { metadata: _metadata, status: _status, ...rest } = body;
  const kept = body.kind === "CustomResourceDefinition" ? {} : { status: body.status };
  return {
    code,
    says: [
      JSON.stringify(sortedKeys({ ...rest, ...kept })),
      ...(warnings ?? []).map((w: string) => w.replaceAll('\\"', '"')),
    ],
  };
}

function definitionOf(plural: string, schema: unknown): any {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { plural, kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

async function compareDefinition(): Promise<void> {
  let schema = random.root();
  for (let faults = random.pick(rules ? [0, 0, 0, 1] : [0, 1, 1, 2]); faults > 0; faults--)
    schema = random.spoilt(schema);
  rules?.sow(schema, random.pick([3, 6, 12]));
  const body = definitionOf("things", schema);
  const answer = await client.send({
    method: "POST",
    path: `${DEFINITIONS}?dryRun=All&fieldValidation=Strict`,
    body,
  });
  const wanted = upstreamSays(answer);
  if (wanted.code !== 201 && wanted.code !== 422) return;
  note(schema, wanted, weSayOfDefinition(body));
}

/** As it is stored. */
function asStored(body: any): any {
  const object: any = convert(copyJson(body), DEFINITION).object;
  customResourceDefinition.defaults!(object);
  customResourceDefinition.prepareForCreate!(object);
  return object;
}

function weSayOfDefinition(body: any): Said {
  const object = asStored(body);
  const errors = new FieldErrors();
  customResourceDefinition.validate!(object, errors);
  if (errors.list.length > 0)
    return { code: 422, says: errors.list.map(({ field, message }) => `${field}: ${message}`) };
  const { metadata: _metadata, status: _status, ...rest } = object;
  return {
    code: 201,
    says: [JSON.stringify(sortedKeys(rest)), ...new Set(customResourceDefinition.warnings!(object))],
  };
}

/** One definition, loose at first so that something is stored that its schema will not like, and objects for it. */
async function compareObjects(i: number): Promise<void> {
  const plural = `things${i}`;
  const schema = soundSchema();
  if (!schema) return;
  const body = definitionOf(plural, schema);
  const url = `${DEFINITIONS}/${body.metadata.name}`;
  const loose = definitionOf(plural, { type: "object", "x-kubernetes-preserve-unknown-fields": true });
  const made = await client.send({ method: "POST", path: DEFINITIONS, body: loose });
  if (made.code !== 201) throw new Error(`Cannot define ${plural}: ${JSON.stringify(made.body)}`);
  try {
    const objects = `/apis/${GROUP}/v1/namespaces/default/${plural}`;
    await client.send({ method: "GET", path: objects, until: "kind" });
    const stored = objectOf(schema, 30);
    const old = await client.send({ method: "POST", path: objects, body: stored });
    const current = await client.send({ method: "GET", path: url });
    const put = { ...current.body, spec: { ...current.body.spec, versions: body.spec.versions } };
    const replaced = await client.send({ method: "PUT", path: url, body: put });
    if (replaced.code !== 200) return;
    await settled(objects);
    const ours = customSchemaOf(asStored(body).spec.versions[0].schema.openAPIV3Schema, {
      group: GROUP,
      version: "v1",
      kind: "Thing",
      plural,
      scope: "Namespaced",
    });
    for (let n = 0; n < 8; n++)
      await compareCreate(ours, objects, objectOf(schema, random.pick([5, 15, 1000])));
    if (old.code === 201)
      for (let n = 0; n < 4; n++) await compareUpdate(ours, `${objects}/x`, old.body, objectOf(schema, 30));
  } finally {
    await client.send({ method: "DELETE", path: url });
  }
}

function soundSchema(): any {
  const schema = random.root();
  for (let i = 0; i < TRIES; i++) {
    const tried = structuredClone(schema);
    rules?.sow(tried, random.pick([2, 4, 8]));
    if (weSayOfDefinition(definitionOf("things", tried)).code === 201) return tried;
    if (!rules) return undefined;
  }
  return undefined;
}

/** Until the server uses the schema that was put: it refuses a field that no schema here has. */
async function settled(objects: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const body = { apiVersion: `${GROUP}/v1`, kind: "Thing", metadata: { name: "probe" }, probe: 1 };
    const { code, body: answer } = await client.send({
      method: "POST",
      path: `${objects}?dryRun=All&fieldValidation=Strict`,
      body,
    });
    if (code === 400 && String(answer.message).includes('unknown field "probe"')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the schema never took effect");
}

function objectOf(schema: any, faults: number): any {
  const { metadata: _metadata, ...rest } = random.value(schema, { faults: 1e9 }) as any;
  for (const part of ["spec", "status"])
    if (part in rest) rest[part] = random.value(schema.properties[part], { faults });
  return { apiVersion: `${GROUP}/v1`, kind: "Thing", metadata: { name: "x" }, ...rest };
}

async function compareCreate(ours: CustomSchema, path: string, body: any): Promise<void> {
  const mode = random.pick(["Strict", "Warn", "Warn"]);
  const named = { ...body, metadata: { name: "new" } };
  const answer = await client.send({
    method: "POST",
    path: `${path}?dryRun=All&fieldValidation=${mode}`,
    body: named,
  });
  note({ schema: ours.structural.props, body: named }, upstreamSays(answer), weSay(ours, named, mode));
}

async function compareUpdate(ours: CustomSchema, path: string, old: any, body: any): Promise<void> {
  const parts = random.pick([["spec"], ["status"], []]);
  const changed = {
    ...copyJson(old),
    ...Object.fromEntries(parts.filter((part) => part in body).map((part) => [part, body[part]])),
  };
  if (
    random.once(2) &&
    changed.spec &&
    typeof changed.spec === "object" &&
    body.spec &&
    typeof body.spec === "object"
  ) {
    const key = random.pick([...Object.keys(body.spec), "a"]);
    changed.spec = { ...old.spec, [key]: body.spec[key] };
  }
  const sent = JSON.parse(JSON.stringify(changed));
  const answer = await client.send({
    method: "PUT",
    path: `${path}?dryRun=All&fieldValidation=Ignore`,
    body: sent,
  });
  const previous = copyJson(old);
  ours.revive(previous);
  note(
    { schema: ours.structural.props, body: sent, old },
    upstreamSays(answer),
    weSay(ours, sent, "Ignore", previous),
  );
}

function weSay(ours: CustomSchema, body: any, mode: string, previous?: any): Said {
  const object = copyJson(body);
  let findings: readonly string[];
  try {
    findings = ours.coerce(object);
  } catch (err) {
    return { code: 400, says: [(err as Error).message] };
  }
  if (mode === "Strict" && findings.length > 0)
    return { code: 400, says: [`strict decoding error: ${findings.join(", ")}`] };
  ours.applyDefaults(object);
  const errors = new FieldErrors();
  if (previous) ours.validateUpdate(object, previous, errors);
  else {
    validateMetadata({ namespace: "default", ...object.metadata }, errors.at("metadata"), {
      namespaced: true,
    });
    ours.validate(object, errors);
  }
  if (errors.list.length > 0)
    return { code: 422, says: errors.list.map(({ field, message }) => `${field}: ${message}`) };
  const { metadata: _metadata, ...rest } = object;
  const warnings = [...(mode === "Warn" ? findings : []), ...ours.warningsOf(object)];
  return {
    code: previous ? 200 : 201,
    says: [JSON.stringify(sortedKeys({ status: undefined, ...rest })), ...warnings],
  };
}
