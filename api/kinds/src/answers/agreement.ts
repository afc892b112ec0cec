/**
 * How far the kinds agree with upstream's recorded answers, kind by kind: every recorded write that got as far as
 * validation is played, and refusals are compared cause by cause, acceptances by the object.
 */

import { readCases } from "./cases.ts";
import { judge, type Verdict } from "./compare.ts";
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
      const outcome = world.play(step);
      if (outcome && step.scored && step.expect) {
        const verdict = judge(step, outcome);
        row.cases++;
        if (verdict.causes) row.causes++;
        if (verdict.exact) row.exact++;
        else row.misses.push({ id: step.id, verdict, body: step.body });
      }
      if (step.scored) world.accept(step);
    }
  }
  return tally;
}
