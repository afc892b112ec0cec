/**
 * A round of fuzzing: one request for each published operation and many random ones, each of which is judged (`judge.ts`); lives of random objects,
 * random kinds and policies; connections that are none. After all that what is stored can be read in every form, and a server that starts again over
 * the same store says the same.
 */

import { roundBehind } from "./behind.ts";
import { JSON_TYPE, YAML_TYPE } from "./bodies.ts";
import { compressedRound } from "./compressed-answers.ts";
import { definition, foundations } from "./custom.ts";
import { customRound } from "./custom-kinds.ts";
import { tryOne, type Finding } from "./judge.ts";
import { liveOnce } from "./lives.ts";
import { places } from "./places.ts";
import { deletionOf, get, HERE, post } from "./plain-requests.ts";
import { policyRound } from "./policies.ts";
import { publishedOperations, requestFor, type Operation } from "./published.ts";
import { Random } from "./random.ts";
import { hurtSockets } from "./raw-sockets.ts";
import { isHarmless, requestOf, type FuzzRequest } from "./requests.ts";
import type { Target } from "./target.ts";

export interface RoundOptions {
  readonly seed: number;
  /** No request is sent after this time, in milliseconds since the epoch. */
  readonly until: number;
  /** How many random requests there are, after one for each published operation. */
  readonly requests: number;
  /** Hears how long each request took. */
  readonly timed?: (request: FuzzRequest, milliseconds: number) => void;
}

/** Everything that is wrong; empty when all is well. */
export async function fuzzRound(
  target: Target,
  { seed, until, requests, timed }: RoundOptions,
): Promise<Finding[]> {
  const random = new Random(seed);
  const findings: Finding[] = [];
  await layFoundations(target);
  const operations = await publishedOperations(target);
  const total = operations.length + requests;
  for (let i = 0; i < total && Date.now() < until; i++) {
    if (i % 200 === 0) await layFoundations(target);
    const request =
      i < operations.length ? requestFor(random, operations[i]!) : anyRequest(random, operations);
    if (!isHarmless(request)) continue;
    const started = performance.now();
    findings.push(...(await tryOne(target, request)));
    timed?.(request, performance.now() - started);
  }
  const { size } = new Set(places);
  const { findings: ofLives, lived } = await liveOnce(target, random, {
    share: Math.min(1, requests / 2000),
  });
  const { findings: ofKinds, established } = await customRound(target, random, Math.ceil(requests / 60));
  findings.push(
    ...ofLives,
    ...ofKinds,
    ...(await policyRound(target, random, Math.ceil(requests / 60))),
    ...(await roundBehind(target, random, Math.ceil(requests / 10))),
    ...(await hurtSockets(target, random)),
    ...(await compressedRound(target, random)),
    ...(await readEverything(target)),
  );
  if (requests >= 2000 && (lived < size / 2 || established === 0))
    findings.push({
      what: `only ${lived} kinds lived and ${established} definitions were good: this proves little`,
    });
  return findings;
}

function anyRequest(random: Random, operations: readonly Operation[]): FuzzRequest {
  return random.chance(0.3) ? requestFor(random, random.pick(operations)) : requestOf(random);
}

export async function layFoundations(target: Target): Promise<void> {
  const policies = places.filter(({ group }) => group === "admissionregistration.k8s.io");
  for (const { collection } of policies) await target.send(deletionOf(collection));
  for (const kind of ["limitranges", "resourcequotas"]) await target.send(deletionOf(`${HERE}/${kind}`));
  for (const [path, object] of foundations) {
    const { code, text } = await target.send(post(path, object));
    while (object === definition && !(await isEstablished(target)));
    if (code === 201 || code === 409) continue;
    throw new Error(`Cannot begin: ${path} answered ${code}: ${text}`, { cause: await target.condition() });
  }
}

async function isEstablished(target: Target): Promise<boolean> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.fuzz.example.org";
  const { text } = await target.send(get(path));
  return /"type":"Established","status":"True"|"status":"True","[^}]*"type":"Established"/.test(text);
}

const FORMS = [JSON_TYPE, YAML_TYPE, "application/json;as=Table;v=v1;g=meta.k8s.io"];

/** Every collection in every form. */
export async function readEverything(target: Target): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { collection } of new Set(places))
    for (const accept of FORMS) findings.push(...(await tryOne(target, get(collection, { accept }))));
  return findings;
}

/** Every object that is stored, by uid, as a list says it: to be compared with what a server says that has started again. */
export async function everythingStored(target: Target): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (const { collection } of new Set(places)) {
    const { text } = await target.send(get(collection, { accept: JSON_TYPE }));
    for (const item of JSON.parse(text).items ?? [])
      stored.set(`${collection}/${item.metadata.name} ${item.metadata.uid}`, JSON.stringify(item, sorted));
  }
  return stored;
}

/** The order of keys says nothing, and differs between what was written and what is read. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
