/**
 * Server-side apply held against what upstream answered: the same body on the same live object must give the same owners
 * of fields, or the same conflict in the same words.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { definitionOfKind } from "@knarr/schema/resources.ts";
import { parseGroupVersion, type ApiObject, type ManagedFieldsEntry } from "../object.ts";
import { ApiError } from "../status.ts";
import { apply } from "./apply.ts";
import { filterOf } from "./field-filter.ts";

const FILE = new URL("../../../../../shared/data/answers/open.jsonl.gz", import.meta.url);
const skip = existsSync(FILE) ? false : "needs the recorded answers in ../shared";
const TIME = "2026-01-01T00:00:00Z";

interface Step {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: Record<string, unknown>;
  readonly expect?: { readonly code: number; readonly body: any };
}

test("apply agrees with upstream's recorded answers", { skip }, () => {
  const misses: string[] = [];
  let compared = 0;
  for (const { step, live } of applySteps()) {
    const { want, got } = outcomesOf(step, live);
    compared++;
    if (text(want) !== text(got)) misses.push(`${step.id}\n  want ${text(want)}\n  got  ${text(got)}`);
  }
  assert.ok(compared > 130, `only ${compared} answers were compared`);
  // Two live objects lost what matters to the normalisation of answers (ports and times).
  assert.ok(misses.length <= 2, misses.join("\n"));
});

/** Owners after an apply, or the refusal. */
function outcomesOf(
  { body, path, expect }: Step,
  live: ApiObject | undefined,
): { want: unknown; got: unknown } {
  const url = new URL(path, "http://server");
  const { apiVersion, kind } = body as { apiVersion: string; kind: string };
  const { group, version } = parseGroupVersion(apiVersion);
  const schema = definitionOfKind(group, version, kind)!;
  const subresource = /\/(status)$/.exec(url.pathname)?.[1] ?? "";
  const want = expect!.code < 300 ? owners(expect!.body.metadata.managedFields) : expect!.body;
  try {
    const object = apply({
      live,
      applied: body!,
      manager: url.searchParams.get("fieldManager") ?? "",
      force: url.searchParams.get("force") === "true",
      ...{
        subresource,
        apiVersion,
        kind,
        time: TIME,
        schema,
        filter: filterOf({ group, kind }, subresource),
      },
    });
    return { want, got: owners(object.metadata.managedFields) };
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    return { want, got: err.toJSON() };
  }
}

function owners(entries: readonly ManagedFieldsEntry[] = []): string[] {
  return entries.map(text).sort();
}

/** Applies whose live object is known: every write before them was recorded. */
function* applySteps(): Generator<{ step: Step; live: ApiObject | undefined }> {
  const lines = gunzipSync(readFileSync(FILE)).toString().replaceAll('"TIME"', `"${TIME}"`).split("\n");
  for (const line of lines.filter(Boolean)) {
    const stored = new Map<string, ApiObject | "unknown">();
    for (const step of (JSON.parse(line) as { steps: Step[] }).steps) {
      const url = new URL(step.path, "http://server");
      const [, path = ""] = /^(.*?)(?:\/(?:status|scale))?$/.exec(url.pathname)!;
      const isApply = step.type === "application/apply-patch+yaml" && step.method === "PATCH";
      const key = step.method === "POST" ? `${path}/${step.expect?.body?.metadata?.name}` : path;
      const live = stored.get(key);
      const answer = step.expect?.body;
      const isComparable =
        isApply && typeof answer === "object" && isKnown(step.body) && !url.pathname.endsWith("/scale");
      if (isComparable && live !== "unknown" && isSettled(step)) yield { step, live };
      if (!["POST", "PUT", "PATCH"].includes(step.method) || url.searchParams.has("dryRun")) continue;
      if (!step.expect) stored.set(key, "unknown");
      else if (step.expect.code < 300 && answer.metadata && answer.kind !== "Scale") stored.set(key, answer);
    }
  }
}

function isKnown(body: Step["body"]): boolean {
  const { group, version } = parseGroupVersion(String(body?.["apiVersion"] ?? ""));
  return definitionOfKind(group, version, String(body?.["kind"] ?? "")) !== undefined;
}

/** Answers that apply itself gives; validation and the like are decided elsewhere. */
function isSettled({ expect }: Step): boolean {
  const { code, body } = expect!;
  return code < 300 || body.reason === "Conflict" || code === 500;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
