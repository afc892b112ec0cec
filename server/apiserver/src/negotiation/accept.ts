/**
 * What the client wants to get: the media type, and the object whole, as a Table or as metadata only. Upstream's rules: the first
 * clause of Accept, by weight, that can be had decides; none is 406.
 *
 * Protobuf is never written: clients that prefer it name JSON too.
 */

import { notAcceptable, type ApiError } from "@knarr/machinery/status.ts";
import { remembering } from "@knarr/std/remember.ts";

export interface Output {
  readonly format: "json" | "yaml";
  readonly as: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of meta.k8s.io, for what is not the object itself. */
  readonly version: "v1" | "v1beta1";
  readonly pretty: boolean;
}

const OBJECT_JSON: Output = { format: "json", as: "object", version: "v1", pretty: false };

const TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const TRANSFORMS = new Set(["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]);

/** Throws NotAcceptable. `transforms` says whether a Table or metadata may be asked for here. */
export function outputOf(
  accept: string | undefined,
  query: URLSearchParams,
  { transforms = true }: { readonly transforms?: boolean } = {},
): Output {
  if (!accept || accept === "application/json" || accept === "*/*") return pretty(OBJECT_JSON, query);
  const output = transforms ? anyOutput(accept) : plainOutput(accept);
  if (!output) throw notAcceptableHere();
  return pretty(output, query);
}

export function notAcceptableHere(): ApiError {
  return notAcceptable(TYPES);
}

function pretty(output: Output, query: URLSearchParams): Output {
  const value = query.size > 0 ? query.get("pretty") : null;
  return value !== null && value !== "0" && value !== "false" ? { ...output, pretty: true } : output;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly weight: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Clients send the same few headers over and over. */
const anyOutput = remembering(1000, (accept: string) => negotiate(accept, true));
const plainOutput = remembering(1000, (accept: string) => negotiate(accept, false));

function negotiate(accept: string, transforms: boolean): Output | undefined {
  for (const clause of clausesOf(accept)) {
    const format = formatOf(clause);
    if (!format) continue;
    const output = outputFor(clause, format, transforms);
    if (output) return output;
  }
  return undefined;
}

function formatOf({ type, subtype }: Clause): Output["format"] | undefined {
  if (type === "*" && subtype === "*") return "json";
  if (type !== "application") return undefined;
  if (subtype === "*" || subtype === "json") return "json";
  return subtype === "yaml" ? "yaml" : undefined;
}

function outputFor(
  { parameters }: Clause,
  format: Output["format"],
  transforms: boolean,
): Output | undefined {
  const [as, group, version] = [parameters.get("as"), parameters.get("g"), parameters.get("v")];
  const isPretty = parameters.get("pretty") === "1";
  if (parameters.get("sv")) return undefined;
  const stream = parameters.get("stream");
  if (stream && stream !== "watch") return undefined;
  if (as === undefined && group === undefined && version === undefined)
    return { format, as: "object", version: "v1", pretty: isPretty };
  if (!transforms || !TRANSFORMS.has(as ?? "") || group !== "meta.k8s.io") return undefined;
  if (version !== "v1" && version !== "v1beta1") return undefined;
  return { format, as: as as Output["as"], version, pretty: isPretty };
}

/** The clauses of an Accept header, the heaviest first (RFC 9110 §12.5.1). */
export function clausesOf(accept: string): Clause[] {
  return accept
    .split(",")
    .map((text) => {
      const [range = "", ...rest] = text.split(";").map((part) => part.trim());
      const [type = "", subtype = ""] = range.split("/");
      const parameters = new Map(
        rest.map((part) => part.split("=", 2) as [string, string]).map(([k, v]) => [k, v ?? ""]),
      );
      return { type, subtype, weight: Number(parameters.get("q") ?? 1), parameters };
    })
    .filter(({ type, subtype, weight }) => type !== "" && subtype !== "" && weight > 0)
    .sort((a, b) => b.weight - a.weight);
}
