/** DeleteOptions: from the body, or from the query when there is none. */

import { decodeBody, decodeValue, type ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { ApiError, badRequest } from "@knarr/machinery/status.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import { refuse } from "./options.ts";

export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: "Orphan" | "Foreground" | "Background" | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
  /** KEP-3926: what nobody can read may go unseen. Without meaning for what can be read, as with upstream's defaults. */
  readonly ignoresReadError?: boolean;
}

const IGNORE = "ignoreStoreReadErrorWithClusterBreakingPotential";
const POLICIES = ["Foreground", "Background", "Orphan"];

const expected: Omit<ExpectedKind, "schema"> = {
  group: "",
  version: "v1",
  kind: "DeleteOptions",
  anyVersion: true,
};
const SCHEMA = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

/** Warns who deletes what leaves its dependents behind, and does not say that it shall. */
export async function deleteOptionsOf(
  request: ApiRequest,
  { resource }: Pick<Served, "resource">,
): Promise<DeleteOptions> {
  const given = await givenOptions(request);
  request.audit?.sentPlain(given);
  const options = checkedDeleteOptions(given);
  const saysNothing = options.propagationPolicy === undefined && options.orphanDependents === undefined;
  if (saysNothing && resource.orphanWarning) request.warn(resource.orphanWarning);
  return options;
}

/** DeleteOptions as they stand in an Eviction or a body. */
export function checkedDeleteOptions(given: any): DeleteOptions {
  const { propagationPolicy, orphanDependents, dryRun = [] } = given;
  const errors = new FieldErrors();
  if (orphanDependents !== undefined && propagationPolicy !== undefined)
    errors
      .at("propagationPolicy")
      .invalid(propagationPolicy, "orphanDependents and deletionPropagation cannot be both set");
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy))
    errors.at("propagationPolicy").notSupported(propagationPolicy, [...POLICIES, "nil"]);
  if (dryRun.some((value: string) => value !== "All")) errors.at("dryRun").notSupported(dryRun, ["All"]);
  refuse("DeleteOptions", errors);
  return {
    gracePeriodSeconds: given.gracePeriodSeconds,
    propagationPolicy,
    orphanDependents,
    uid: given.preconditions?.uid,
    resourceVersion: given.preconditions?.resourceVersion,
    dryRun: dryRun.length > 0,
    ignoresReadError: given[IGNORE] === true,
  };
}

/** What cannot be seen cannot be looked at first, nor go in steps. */
export function checkUnseenDelete(options: DeleteOptions): void {
  const { dryRun, propagationPolicy, orphanDependents, gracePeriodSeconds, uid, resourceVersion } = options;
  const errors = new FieldErrors();
  const others = {
    dryRun: dryRun || undefined,
    propagationPolicy,
    orphanDependents,
    gracePeriodSeconds,
    preconditions: uid ?? resourceVersion,
  };
  for (const [name, value] of Object.entries(others))
    if (value !== undefined) errors.at(IGNORE).invalid(true, `cannot be set together with .${name}`);
  refuse("DeleteOptions", errors);
}

async function givenOptions(request: ApiRequest): Promise<any> {
  const { body, query } = request;
  const kind = { ...expected, schema: definition(SCHEMA) };
  if (body.value !== undefined) return decodeValue(body.value, kind, "Ignore").object;
  const bytes = await body.read();
  if (bytes.length === 0) return optionsInQuery(query);
  try {
    return decodeBody(bytes, kind, { mediaType: body.type, fieldValidation: "Ignore" }).object;
  } catch (err) {
    if (err instanceof ApiError && err.reason === "BadRequest") throw badRequest(unwrapped(err.message));
    throw err;
  }
}

/** Upstream hands the decoder's own words on here. */
function unwrapped(message: string): string {
  return message
    .replace(/^.* cannot be handled as a DeleteOptions: /, "")
    .replace(/^the object provided is unrecognized \(must be of type DeleteOptions\): (.*) \(.*\)$/s, "$1");
}

function optionsInQuery(query: URLSearchParams): any {
  const grace = query.get("gracePeriodSeconds");
  if (grace !== null && !/^[+-]?\d+$/.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  const orphan = query.get("orphanDependents");
  const uid = query.get("preconditions.uid");
  const ignore = query.get(IGNORE);
  return {
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(orphan !== null && { orphanDependents: orphan !== "false" && orphan !== "0" }),
    ...(query.has("propagationPolicy") && { propagationPolicy: query.get("propagationPolicy") }),
    ...(query.has("dryRun") && { dryRun: query.getAll("dryRun") }),
    ...(uid !== null && { preconditions: { uid } }),
    ...(ignore !== null && { [IGNORE]: ignore !== "false" && ignore !== "0" }),
  };
}
