/**
 * Many kills under write load, of a server or, with `--shared`, of two on one etcd: `tools/run tools/kills.ts [--shared] [--kills 1000] [--seed N]`.
 * Ends with 1 when something is lost, doubled or out of order.
 */

import { parseArgs } from "node:util";
import { surviveKills } from "../test/faults/kills.ts";
import { surviveSharedKills } from "../test/faults/shared-kills.ts";
import { Random } from "../test/fuzz/random.ts";

const { values } = parseArgs({
  options: {
    shared: { type: "boolean", default: false },
    kills: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
  },
});
const survive = values.shared ? surviveSharedKills : surviveKills;
/** Kills over one database: the history of each is checked by itself. */
const ROUND = 25;
const random = new Random(Number(values.seed));
let killed = 0;
for (const all = Number(values.kills); killed < all && !process.exitCode;) {
  const kills = Math.min(ROUND, all - killed);
  const { problems, verdict, ...figures } = await survive({ kills, writes: 80, random });
  killed += kills;
  console.log(`${killed} kills: ${JSON.stringify(figures)}`);
  if (problems.length === 0 && verdict.isLinearizable) continue;
  console.error(problems.join("\n"), verdict);
  process.exitCode = 1;
}
