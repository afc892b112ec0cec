/**
 * Query parameters of the verbs, checked: CreateOptions, UpdateOptions, PatchOptions, ListOptions. What is wrong with one is said as
 * upstream says it: 400 when it cannot be read at all, 422 of kind `CreateOptions.meta.k8s.io` when it must not be so.
 */

import { MAX_MANAGER_BYTES, validateFieldManager } from "@knarr/machinery/metadata.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { FieldValidation } from "@knarr/machinery/decode/decode.ts";
import { badRequest, invalid } from "@knarr/machinery/status.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** For apply. */
  readonly force: boolean;
}

/** What most writes are sent with, so that it need not be looked at twice. */
const NONE: WriteOptions = { dryRun: false, fieldManager: "", fieldValidation: "Warn", force: false };

const FIELD_VALIDATIONS = ["", "Ignore", "Strict", "Warn"];

export function writeOptionsOf(
  query: URLSearchParams,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  { isApply = false }: { readonly isApply?: boolean } = {},
): WriteOptions {
  if (query.size === 0 && !isApply) return NONE;
  const dryRun = query.getAll("dryRun");
  const fieldManager = query.get("fieldManager") ?? "";
  const fieldValidation = query.get("fieldValidation") ?? "";
  const force = query.get("force");
  const errors = new FieldErrors();
  if (kind === "PatchOptions") {
    if (isApply && fieldManager === "") errors.at("fieldManager").required("is required for apply patch");
    if (!isApply && force !== null) errors.at("force").forbidden("may not be specified for non-apply patch");
  }
  if (fieldManager) validateFieldManager(fieldManager, errors.at("fieldManager"));
  if (dryRun.some((value) => value !== "All")) errors.at("dryRun").notSupported(dryRun, ["All"]);
  if (!FIELD_VALIDATIONS.includes(fieldValidation))
    errors.at("fieldValidation").notSupported(fieldValidation, FIELD_VALIDATIONS);
  refuse(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: (fieldValidation || "Warn") as FieldValidation,
    force: force !== null && isTrue(force),
  };
}

/** Throws 422 when there are findings. */
export function refuse(kind: string, errors: FieldErrors): void {
  if (errors.list.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", errors.list);
}

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
  /** Ours: upstream has nothing like it. */
  readonly skipsUnreadable: boolean;
}

export function listOptionsOf(query: URLSearchParams): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    watch: flag(query, "watch") ?? false,
    allowWatchBookmarks: flag(query, "allowWatchBookmarks") ?? false,
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: integer(query, "timeoutSeconds"),
    limit: integer(query, "limit") ?? 0,
    continue: query.get("continue") ?? "",
    sendInitialEvents: flag(query, "sendInitialEvents"),
    skipsUnreadable: flag(query, "skipsUnreadable") ?? false,
  };
  const errors = new FieldErrors();
  if (options.watch) checkWatch(options, errors);
  else checkList(options, errors);
  refuse("ListOptions", errors);
  return options;
}

function checkList(
  { resourceVersion, resourceVersionMatch: match, sendInitialEvents, ...options }: ListOptions,
  errors: FieldErrors,
): void {
  const at = errors.at("resourceVersionMatch");
  if (match) {
    if (!resourceVersion)
      at.forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (options.continue) at.forbidden("resourceVersionMatch is forbidden when continue is provided");
    if (match !== "Exact" && match !== "NotOlderThan") at.notSupported(match, ["Exact", "NotOlderThan", ""]);
    if (match === "Exact" && resourceVersion === "0")
      at.forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (sendInitialEvents !== undefined)
    errors.at("sendInitialEvents").forbidden("sendInitialEvents is forbidden for list");
}

function checkWatch(
  { resourceVersionMatch: match, sendInitialEvents, ...options }: ListOptions,
  errors: FieldErrors,
): void {
  const at = errors.at("resourceVersionMatch");
  if (sendInitialEvents !== undefined && match !== "NotOlderThan")
    at.forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  if (!match) return;
  if (sendInitialEvents === undefined)
    at.forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  if (match !== "NotOlderThan") at.notSupported(match, ["NotOlderThan"]);
  if (options.continue) at.forbidden("resourceVersionMatch is forbidden when continue is provided");
}

/** As upstream reads booleans: anything but `0` and `false` is true. */
function isTrue(value: string): boolean {
  return value !== "0" && value.toLowerCase() !== "false";
}

function flag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  return value === null ? undefined : isTrue(value);
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Who is written down in managedFields: what the client says, or the name of its program. */
export function managerOf(request: ApiRequest, options: { readonly fieldManager: string }): string {
  if (options.fieldManager) return options.fieldManager;
  const program = (request.headers["user-agent"] ?? "").split("/", 1)[0]!;
  return program.length <= MAX_MANAGER_BYTES ? program : program.slice(0, MAX_MANAGER_BYTES);
}
