/** The columns of kinds against the tables that upstream's server answered with. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answersMissing, readCases, type Step } from "./answers/cases.ts";
import { resourceFor } from "./kinds.ts";
import type { Resource } from "./resource.ts";

/** Recorded answers have their times taken out. */
const CREATED = "2020-01-01T00:00:00Z";
const NOW = Date.parse("2020-01-01T00:01:00Z");

test("columns print what upstream prints", { skip: answersMissing }, () => {
  const seen = new Set<string>();
  for (const { name, steps } of readCases()) {
    let object: unknown;
    for (const step of steps) {
      const body = step.expect?.body;
      const resource = resourceOf(step);
      if (body?.kind === "Table" && object && resource?.columns) {
        assert.deepEqual(definitions(resource), body.columnDefinitions.map(withoutProse), name);
        assert.deepEqual(comparable(cells(resource, object)), comparable(body.rows[0].cells), name);
        seen.add(resource.kind);
      } else if (body?.metadata?.uid && step.expect!.code < 300 && !step.path.includes("dryRun"))
        object = body;
    }
  }
  assert.ok(seen.size >= 14, `tables of ${[...seen].join(", ")} only`);
});

function resourceOf({ path }: Step): Resource<any> | undefined {
  const [, root, ...rest] = path.split("?")[0]!.split("/");
  const group = root === "apis" ? rest.shift()! : "";
  const [version = "", ...place] = rest;
  const isNamespaced = place[0] === "namespaces" && place.length > 2;
  return resourceFor(group, version, place[isNamespaced ? 2 : 0] ?? "");
}

function definitions({ columns = [] }: Resource<any>): unknown[] {
  return columns
    .filter(({ untitled }) => !untitled)
    .map(({ name, type = "string", format = "", priority = 0 }) => ({
      name,
      type,
      format,
      priority,
    }));
}

function withoutProse({ description: _prose, ...column }: Record<string, unknown>): unknown {
  return column;
}

function cells({ columns = [] }: Resource<any>, recorded: unknown): unknown[] {
  const object = JSON.parse(JSON.stringify(recorded).replaceAll('"TIME"', `"${CREATED}"`)) as unknown;
  return columns.map(({ value }) => value(object, NOW) ?? null);
}

/** Without what differs between two moments: ages, times, allocated addresses and ports. */
function comparable(row: readonly unknown[]): unknown[] {
  return row.map((cell) => {
    if (typeof cell !== "string") return cell;
    if (/^(<unknown>|AGE|\d+[smhdy](\d+[smhd])?)$/.test(cell)) return "AGE";
    if (cell === "TIME" || cell === CREATED) return "TIME";
    if (/^10(\.\d+){3}$/.test(cell)) return "IP";
    return cell.replace(/:(3[0-2]\d{3}|PORT)\//g, ":PORT/");
  });
}
