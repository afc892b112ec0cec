/**
 * Random definitions of custom kinds, in several versions, with structural schemas that are mostly right and rules in CEL that are mostly not, and
 * objects of them: made, read, changed, shown as tables, read again when the definition has changed, and gone with it.
 */

import { hostileValue } from "./bodies.ts";
import { conditionOf, dynamicOf, expressionOf } from "./expressions.ts";
import { tryOne, type Finding } from "./judge.ts";
import { NAMESPACE } from "./places.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

const GROUP = "random.example.org";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const NAMES = ["a", "b", "name", "items", "size"];
const FORMATS = ["", "int32", "date-time", "byte", "duration", "email", "ipv4", "nonsense"];
const PATTERNS = ["^a*$", "(a+)+$", "[", "\\p{L}", "(?i)x"];
const PATHS = [
  ".spec.a",
  ".spec.a.b",
  ".spec.items[0]",
  ".spec.items[*].a",
  ".metadata.name",
  ".x[?(@.a==",
  "{.spec}",
  "..",
  "",
];

/** How far a definition came. */
export interface CustomRound {
  readonly findings: readonly Finding[];
  readonly established: number;
}

export async function customRound(target: Target, random: Random, count: number): Promise<CustomRound> {
  const findings: Finding[] = [];
  let established = 0;
  for (let i = 0; i < count; i++) {
    const plural = `things${i}`;
    const path = `${DEFINITIONS}/${plural}.${GROUP}`;
    const sent = await asked(target, "POST", DEFINITIONS, definitionOf(random, plural));
    findings.push(...sent.findings);
    if (sent.code !== 201) continue;
    if (await isEstablished(target, path)) established++;
    findings.push(...(await live(target, random, plural)));
    // The same objects under another definition.
    const now = JSON.parse((await target.send({ method: "GET", path, headers: {} })).text);
    const next = { ...now, spec: (definitionOf(random, plural) as any).spec };
    findings.push(
      ...(await asked(target, "PUT", path, next)).findings,
      ...(await live(target, random, plural)),
    );
    findings.push(...(await asked(target, "DELETE", path)).findings);
  }
  return { findings, established };
}

async function live(target: Target, random: Random, plural: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const version of ["v1", "v1beta1"]) {
    const collection = `/apis/${GROUP}/${version}/namespaces/${NAMESPACE}/${plural}`;
    for (let i = 0; i < 4; i++) {
      const object = {
        ...objectOf(random),
        apiVersion: `${GROUP}/${version}`,
        kind: "Thing",
        metadata: { name: `x${i}` },
      };
      const one = `${collection}/x${i}`;
      const apply = `${one}?fieldManager=f${i}&force=true`;
      findings.push(
        ...(await asked(target, "POST", collection, object)).findings,
        ...(
          await asked(
            target,
            "PATCH",
            apply,
            { ...object, ...objectOf(random) },
            "application/apply-patch+yaml",
          )
        ).findings,
        ...(await asked(target, "PATCH", one, objectOf(random), "application/merge-patch+json")).findings,
        ...(await asked(target, "GET", `${one}/${random.pick(["status", "scale", ""])}`)).findings,
      );
    }
    const selector = encodeURIComponent(`${random.pick(PATHS).replace(/^\./, "")}=a`);
    findings.push(
      ...(await asked(target, "GET", collection, undefined, "application/json;as=Table;v=v1;g=meta.k8s.io"))
        .findings,
      ...(await asked(target, "GET", `${collection}?fieldSelector=${selector}`)).findings,
    );
  }
  return findings;
}

/** For what has no body, `type` is what is wanted. */
async function asked(
  target: Target,
  method: string,
  path: string,
  body?: object,
  type = "application/json",
): Promise<{ readonly findings: Finding[]; readonly code: number }> {
  const headers = body ? { "content-type": type } : { accept: type };
  const request = { method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) };
  let code = 0;
  const findings = await tryOne(target, request, (reply) => (code = reply.code));
  return { findings, code };
}

/** Not every definition ever is: names may be taken, schemas wrong. */
async function isEstablished(target: Target, path: string): Promise<boolean> {
  for (let i = 0; i < 50; i++) {
    const { text } = await target.send({ method: "GET", path, headers: {} });
    const conditions: any[] = JSON.parse(text).status?.conditions ?? [];
    const found = conditions.find(({ type }) => type === "Established");
    if (found) return found.status === "True";
  }
  return false;
}

function definitionOf(random: Random, plural: string): object {
  const names = { plural, kind: "Thing", singular: plural.replace("things", "thing"), listKind: "ThingList" };
  const second = random.chance(0.5) ? [versionOf(random, "v1beta1", false)] : [];
  return {
    ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { ...names, kind: `Thing${plural.slice(6)}`, listKind: `Thing${plural.slice(6)}List` },
      versions: [versionOf(random, "v1", true), ...second],
    },
  };
}

function versionOf(random: Random, name: string, storage: boolean): object {
  const properties = {
    spec: schemaOf(random, 0),
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  return {
    ...{
      name,
      storage,
      served: random.chance(0.95),
      schema: { openAPIV3Schema: { type: "object", properties } },
    },
    ...(random.chance(0.5) && {
      subresources: {
        status: {},
        ...(random.chance(0.5) && {
          scale: { specReplicasPath: ".spec.a", statusReplicasPath: ".status.a" },
        }),
      },
    }),
    ...(random.chance(0.3) && {
      additionalPrinterColumns: random.some(3, () => ({
        name: "C",
        type: random.pick(["string", "integer", "date", "x"]),
        jsonPath: random.pick(PATHS),
      })),
    }),
    ...(random.chance(0.2) && { selectableFields: [{ jsonPath: random.pick(PATHS) }] }),
  };
}

/** Mostly structural; `depth` 0 is an object, so that something can be in it. */
function schemaOf(random: Random, depth: number): object {
  const type =
    depth === 0
      ? "object"
      : depth > 4
        ? "string"
        : random.pick(["object", "object", "array", "string", "integer", "number", "boolean"]);
  const rules = random.chance(0.25) && { "x-kubernetes-validations": random.some(3, () => ruleOf(random)) };
  const more = {
    ...rules,
    ...(random.chance(0.1) && { nullable: true }),
    ...(random.chance(0.03) && { default: hostileValue(random) }),
  };
  switch (type) {
    case "object":
      return { type, ...objectPart(random, depth), ...more };
    case "array":
      return {
        type,
        items: schemaOf(random, depth + 1),
        ...(random.chance(0.6) && { maxItems: random.pick([0, 5, 1000]) }),
        ...listPart(random),
        ...more,
      };
    case "string":
      return {
        type,
        ...(random.chance(0.5) && { maxLength: 20 }),
        ...(random.chance(0.2) && { pattern: random.pick(PATTERNS) }),
        ...(random.chance(0.2) && { format: random.pick(FORMATS) }),
        ...(random.chance(0.1) && { enum: ["a", random.pick(["b", "a"])] }),
        ...more,
      };
    default:
      return {
        type,
        ...(random.chance(0.3) && {
          minimum: random.pick([0, -1, 1e20]),
          multipleOf: random.pick([1, 0.1, 3]),
        }),
        ...more,
      };
  }
}

function objectPart(random: Random, depth: number): object {
  const sort = random.below(8);
  if (sort === 0) return { "x-kubernetes-preserve-unknown-fields": true };
  if (sort === 1) return { additionalProperties: schemaOf(random, depth + 1), maxProperties: 10 };
  const properties = Object.fromEntries(
    random.some(4, () => [random.pick(NAMES), schemaOf(random, depth + 1)]),
  );
  const required = random.chance(0.2) ? { required: [random.pick(NAMES)] } : {};
  const logic = random.chance(0.1) && {
    [random.pick(["anyOf", "oneOf", "allOf"])]: [{ required: ["a"] }, { not: { required: ["b"] } }],
  };
  return { properties, ...required, ...logic };
}

function listPart(random: Random): object {
  const type = random.pick(["atomic", "set", "map", undefined, undefined]);
  return type
    ? {
        "x-kubernetes-list-type": type,
        ...(type === "map" && { "x-kubernetes-list-map-keys": [random.pick(NAMES)] }),
      }
    : {};
}

const RIGHT = [
  "true",
  "self == self",
  "has(self.a) || true",
  "self == oldSelf",
  "!(1/0 > 0)",
  "'a'.matches(self.a)",
  "self.items.all(x, x == x)",
];

function ruleOf(random: Random): object {
  return {
    rule: ruleText(random),
    ...(random.chance(0.2) && {
      messageExpression: `string(${dynamicOf(random, ["self"], 3)})`,
    }),
    ...(random.chance(0.1) && { optionalOldSelf: true }),
  };
}

function ruleText(random: Random): string {
  if (random.chance(0.5)) return random.pick(RIGHT);
  return random.chance(0.1) ? expressionOf(random) : conditionOf(random, ["dyn(self)"]);
}

function objectOf(random: Random): object {
  return { spec: random.chance(0.1) ? hostileValue(random) : valueOf(random, 0) };
}

function valueOf(random: Random, depth: number): unknown {
  const sort = depth === 0 ? 0 : random.below(depth > 4 ? 3 : 8);
  if (depth > 0 && sort < 3)
    return random.pick<unknown>(["a", "b", 1, 5, true, 0.3, null, "2026-01-01T00:00:00Z"]);
  if (sort === 3) return hostileValue(random);
  if (sort < 6 || depth === 0)
    return Object.fromEntries(random.some(5, () => [random.pick(NAMES), valueOf(random, depth + 1)]));
  return random.some(4, () => valueOf(random, depth + 1));
}
