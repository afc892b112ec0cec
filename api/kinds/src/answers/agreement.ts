/**
 * How far the kinds agree with upstream's recorded answers, kind by kind: every recorded write that got as far as
 * validation is played, and refusals are compared cause by cause, acceptances by the object.
 */

import { readCases, type Step } from "./cases.ts";
import { judge, judgeTable, type Verdict } from "./compare.ts";
import { World } from "./world.ts";

/** Answers to writes that decoding, authorization and conflicts let through. */
const validated = new Set([200, 201, 422]);

export interface Agreement {
  cases: number;
  causes: number;
  exact: number;
  readonly misses: { readonly id: string; readonly verdict: Verdict; readonly body: unknown }[];
}

/** By kind: the part of a group's name before the slash. */
export function agreement(pattern: RegExp): Map<string, Agreement> {
  const tally = new Map<string, Agreement>();
  for (const group of readCases()) {
    if (!pattern.test(group.name)) continue;
    const kind = group.name.split("/")[0]!;
    const row = tally.get(kind) ?? { cases: 0, causes: 0, exact: 0, misses: [] };
    tally.set(kind, row);
    const world = new World();
    for (const step of group.steps) {
      if (step.expect && !validated.has(step.expect.code)) continue;
      const verdict = step.method === "GET" ? tableVerdict(step, world) : writeVerdict(step, world);
      if (verdict && step.scored) count(row, step, verdict);
      if (step.scored) world.accept(step);
    }
  }
  return tally;
}

function writeVerdict(step: Step, world: World): Verdict | undefined {
  const outcome = world.play(step);
  return outcome && step.expect ? judge(step, outcome) : undefined;
}

/** Undefined for reads that are no tables, and for tables of objects that the world could not make. */
function tableVerdict({ path, expect }: Step, world: World): Verdict | undefined {
  if (expect?.body?.kind !== "Table") return undefined;
  const found = expect.body.rows.map(({ cells }: any) => world.objectFor(path, cells[0]));
  if (!found.length || !found.every(Boolean)) return undefined;
  return judgeTable(
    expect.body,
    found[0].resource,
    found.map(({ object }: any) => object),
  );
}

function count(row: Agreement, { id, body }: Step, verdict: Verdict): void {
  row.cases++;
  if (verdict.causes) row.causes++;
  if (verdict.exact) row.exact++;
  else row.misses.push({ id, verdict, body });
}
