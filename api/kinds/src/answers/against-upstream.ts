/**
 * Sends writes that were made up at random to upstream's own API server (dry runs) and holds the kinds against what it
 * answers: a way to find rules that no recorded answer touches.
 *
 *     ../shared/conformance/upstream.sh up api
 *     tools/node api/kinds/src/answers/against-upstream.ts KUBECONFIG Pod [COUNT] [SEED]
 *
 * Prints how many agree and, of those that do not, what upstream says (-) and what we say (+).
 */

import { groupVersion } from "@knarr/machinery/object.ts";

import { resources } from "../kinds.ts";
import { schemaOf } from "../resource.ts";
import { readCases, type Step } from "./cases.ts";
import { judge, type Verdict } from "./compare.ts";
import { RandomObjects } from "./random-objects.ts";
import { World } from "./world.ts";

const CLIENT = new URL("../../../../../shared/conformance/replay-client.mjs", import.meta.url);
const SHOWN = 20;

const [kubeconfig, kind = "Pod", count = "1000", seed = "1"] = process.argv.slice(2);
if (!kubeconfig)
  throw new Error("Name the kubeconfig of an upstream API server, then a kind: against-upstream.ts FILE Pod");
const resource = resources.find((candidate) => candidate.kind === kind);
if (!resource) throw new Error(`Cannot compare ${JSON.stringify(kind)}: no such kind is built in`);

const { connect, normalise } = await import(CLIENT.href);
const client = connect(kubeconfig);
await client.prepare();
const random = new RandomObjects(Number(seed));
const bases = readCases()
  .filter(({ name }) => name.startsWith(`${kind}/`))
  .flatMap(({ steps }) => steps.filter(isCreated).slice(0, 1))
  .map(({ body }) => body);

const tally = { cases: 0, causes: 0, exact: 0 };
const misses: [id: string, verdict: Verdict][] = [];
for (let i = 0; i < Number(count); i++) {
  const step = await ask(i);
  if (step.expect!.code !== 201 && step.expect!.code !== 422) continue;
  const outcome = new World().play(step);
  if (!outcome) continue;
  const verdict = judge(step, outcome);
  tally.cases++;
  if (verdict.causes) tally.causes++;
  if (verdict.exact) tally.exact++;
  else misses.push([step.id, verdict]);
}
await client.close();
console.log(
  `${kind}: ${tally.cases} compared, ${tally.causes} agree in causes, ${tally.exact} to the letter`,
);
for (const [id, { want, got }] of misses.slice(0, SHOWN)) console.log(`\n${id}\n${difference(want, got)}`);

function isCreated({ method, expect }: Step): boolean {
  return method === "POST" && expect?.code === 201;
}

/** A random object, with upstream's answer to it. */
async function ask(i: number): Promise<Step> {
  const schema = schemaOf(resource!);
  let body = structuredClone(random.pick(bases));
  body.metadata.name = `random-${i}`;
  for (const port of (kind === "Service" && body.spec.ports) || []) delete port.nodePort; // would be taken
  for (let changes = random.pick([1, 1, 2, 3]); changes > 0; changes--) body = random.change(body, schema);
  const root = resource!.group ? "apis" : "api";
  const namespace = resource!.scope === "Namespaced" ? "namespaces/replay/" : "";
  const path = `/${root}/${groupVersion(resource!)}/${namespace}${resource!.plural}?dryRun=All&fieldValidation=Ignore`;
  const step = {
    id: `${kind} ${i}`,
    method: "POST",
    path,
    type: "application/json",
    body,
    kind: "validate",
    scored: true,
  } as const;
  return { ...step, expect: normalise(await client.send(step), step) };
}

function difference(want: unknown, got: unknown): string {
  const lines = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.map((item) => (typeof item === "string" ? item : JSON.stringify(item)))
      : [JSON.stringify(value)];
  const [wanted, given] = [lines(want), lines(got)];
  const missing = wanted.filter((line) => !given.includes(line)).map((line) => `  - ${line}`);
  const extra = given.filter((line) => !wanted.includes(line)).map((line) => `  + ${line}`);
  return [...missing, ...extra].join("\n") || "  (another order)";
}
