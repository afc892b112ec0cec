/**
 * `/healthz`, `/livez` and `/readyz`: `ok`, or which check failed. `?verbose` shows all, `?exclude=name` leaves one out, and each check has a
 * path of its own, which alone tells why it failed.
 */

import { textAnswer, type WholeAnswer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";

export interface HealthCheck {
  readonly name: string;
  /** What is wrong; undefined when nothing is. */
  check(): string | undefined;
}

/** `name` is `healthz`, `livez` or `readyz`. */
export function healthAnswer(
  name: string,
  checks: readonly HealthCheck[],
  { route, query }: Pick<ApiRequest, "route" | "query">,
): WholeAnswer {
  const wanted = route.path.slice(name.length + 2);
  if (wanted !== "") {
    const check = checks.find((one) => one.name === wanted);
    if (!check) return textAnswer(404, "404 page not found\n");
    const problem = check.check();
    return problem === undefined
      ? textAnswer(200, "ok")
      : textAnswer(500, `internal server error: ${problem}\n`);
  }
  const excluded = new Set(query.getAll("exclude"));
  let text = "";
  let isWell = true;
  for (const check of checks) {
    if (excluded.delete(check.name)) text += `[+]${check.name} excluded: ok\n`;
    else if (check.check() === undefined) text += `[+]${check.name} ok\n`;
    else {
      isWell = false;
      text += `[-]${check.name} failed: reason withheld\n`;
    }
  }
  for (const unknown of excluded)
    text += `warn: some health checks cannot be excluded: no matches for "${unknown}"\n`;
  if (!isWell) return textAnswer(500, `${text}${name} check failed\n`);
  return query.has("verbose") ? textAnswer(200, `${text}${name} check passed\n`) : textAnswer(200, "ok");
}
