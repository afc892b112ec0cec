/** How close an outcome comes to the recorded answer. */

import type { FieldError } from "@knarr/machinery/field.ts";

import type { Resource } from "../resource.ts";
import type { Step } from "./cases.ts";
import type { Outcome } from "./world.ts";

export interface Verdict {
  /** Accepted or refused alike, and refused for the same causes at the same fields. */
  readonly causes: boolean;
  /** Also: the same messages in the same order, or the same object; and the same warnings. */
  readonly exact: boolean;
  readonly want: unknown;
  readonly got: unknown;
}

export function judge(step: Step, outcome: Outcome): Verdict {
  const { code, body } = step.expect!;
  const warnings = (step.expect!.warnings ?? []).map((warning) => warning.replaceAll('\\"', '"'));
  if (code === 422) return judgeCauses(body.details?.causes ?? [], outcome.causes);
  if (outcome.causes.length) return { causes: false, exact: false, want: code, got: outcome.causes };
  const want = comparable(body);
  const got = comparable(outcome.object);
  const exact = text(want) === text(got) && text(warnings) === text(outcome.warnings);
  return {
    causes: true,
    exact,
    want: { ...asRecord(want), warnings },
    got: { ...asRecord(got), warnings: outcome.warnings },
  };
}

function judgeCauses(want: readonly FieldError[], got: readonly FieldError[]): Verdict {
  const causes = names(want) === names(got);
  return {
    causes,
    exact: causes && text(want.map(line)) === text(got.map(line)),
    want: want.map(line),
    got: got.map(line),
  };
}

/** Columns and cells; what varies with time and place is blotted out in the recorded ones. */
export function judgeTable(table: any, resource: Resource<any>, objects: readonly any[]): Verdict {
  const columns = resource.columns ?? [];
  const titled = columns.filter(({ untitled }) => !untitled);
  const want = {
    columns: table.columnDefinitions.map((column: any) => [
      column.name,
      column.type,
      column.format,
      column.priority,
    ]),
    rows: table.rows.map(({ cells }: any) => cells.map(blot)),
  };
  const got = {
    columns: titled.map(({ name, type = "string", format = "", priority = 0 }) => [
      name,
      type,
      format,
      priority,
    ]),
    rows: objects.map((object) => columns.map((column) => blot(column.value(object, Date.now())))),
  };
  const causes = text(want.columns) === text(got.columns);
  return { causes, exact: causes && text(want.rows) === text(got.rows), want, got };
}

const ADDRESS = /^(10(\.\d+){3}|IP)$/;

function blot(cell: unknown): unknown {
  if (typeof cell !== "string") return cell ?? null;
  if (cell === "AGE" || cell === "<unknown>" || /^\d+[smhdy](\d+[smhd])?$/.test(cell)) return "AGE";
  if (TIME.test(cell)) return "TIME";
  return ADDRESS.test(cell) ? "IP" : cell.replaceAll(/:(3[0-2]\d{3}|PORT)\//g, ":PORT/");
}

function names(causes: readonly FieldError[]): string {
  return causes
    .map(({ reason, field }) => `${reason}@${field}`)
    .sort()
    .join("\n");
}

function line({ reason, field, message }: FieldError): string {
  return `${reason}@${field}: ${message}`;
}

/** Without what the server or the moment decides, and without what is empty, which encoding leaves out or not by type. */
function comparable(object: any): unknown {
  const { metadata, ...rest } = object;
  const { uid, creationTimestamp, resourceVersion, managedFields, generation, ...meta } = metadata;
  return tidy({ ...rest, metadata: meta });
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const addresses = new Set(["clusterIP", "clusterIPs"]);

function tidy(value: any, key = ""): any {
  if (addresses.has(key) && value !== "None" && value?.[0] !== "None") return undefined;
  if (key === "nodePort" || key === "healthCheckNodePort" || key === "lastTransitionTime") return undefined;
  if (Array.isArray(value)) return value.length ? value.map((item) => tidy(item) ?? null) : undefined;
  if (value === null || value === "" || value === undefined) return undefined;
  if (typeof value !== "object") return typeof value === "string" && TIME.test(value) ? "TIME" : value;
  const entries = Object.entries(value)
    .map(([name, item]) => [name, tidy(item, name)] as const)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length ? Object.fromEntries(entries) : undefined;
}

function asRecord(value: unknown): object {
  return (value ?? {}) as object;
}

/** Recorded answers say UID and RANDOM for what is made up on the spot. */
function text(value: unknown): string {
  return (JSON.stringify(value) ?? "")
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UID")
    .replaceAll(/kube-api-access-[a-z0-9]{5}\b/g, "kube-api-access-RANDOM");
}
