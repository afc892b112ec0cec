/** Lives of random objects of every kind, each of which is told in `life.ts`. */

import { harmDone, type Finding } from "./judge.ts";
import { Life } from "./life.ts";
import { places } from "./places.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

/** The server changes them by itself when they are new, so nothing can be said of them but by waiting. */
const CHANGE_BY_THEMSELVES = [
  "APIService",
  "CustomResourceDefinition",
  "FlowSchema",
  "PriorityLevelConfiguration",
];

/** One life of each kind of `random`'s choice; `lived` says of how many kinds an object could be made. */
export async function liveOnce(
  target: Target,
  random: Random,
  { share = 1 }: { readonly share?: number } = {},
): Promise<{ readonly findings: readonly Finding[]; readonly lived: number }> {
  const findings: Finding[] = [];
  const lives: Life[] = [];
  for (const place of new Set(places)) {
    if (CHANGE_BY_THEMSELVES.includes(place.kind) || !random.chance(share)) continue;
    const life = new Life(target, place);
    await life.live(random);
    lives.push(life);
    findings.push(...(await harmDone(target)));
  }
  await Promise.all(lives.map((life) => life.retold()));
  const lived = lives.filter(({ wasBorn }) => wasBorn).length;
  return { findings: [...lives.flatMap((life) => life.findings), ...findings], lived };
}
