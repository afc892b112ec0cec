/**
 * Random definitions of custom kinds, in several versions, with structural schemas that are mostly right and rules in CEL that are mostly not, and
 * objects of them: made, read, changed, shown as tables, read again when the definition has changed, and gone with it.
 */

import { hostileValue } from "./bodies.ts";
import { tryOne, type Finding } from "./judge.ts";
import { NAMESPACE } from "./places.ts";
import { get } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import { NAMES, schemaOf } from "./random-schemas.ts";
import type { Target } from "./target.ts";

const GROUP = "random.example.org";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
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
    const now = JSON.parse((await target.send(get(path))).text);
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
    const { text } = await target.send(get(path));
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
