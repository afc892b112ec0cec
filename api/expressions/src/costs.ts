/**
 * What the functions of Kubernetes cost, and some of CEL's that are dearer here (upstream's library/cost.go). A change here
 * changes which rules may be written: the numbers are upstream's, oddities and all.
 */

import { PATTERN_COST, sizeOf, TEXT_COST } from "@knarr/cel/default-costs.ts";
import type { CostModel } from "@knarr/cel/environment.ts";
import type { CallCost } from "@knarr/cel/library.ts";
import { FormatValue } from "./libraries/named-formats.ts";
import { ListValue, MapValue, OpaqueValue, type Outcome } from "@knarr/cel/values.ts";
import { OptionalValue } from "@knarr/cel/optional.ts";
import { estimateCall } from "./estimates.ts";

/** Two checks are the most that one evaluation can pay for. */
export const CHECK_COST = 350_000;

/** Asks what a value is or holds, without going through it. */
export const CHEAP = new Set(
  (
    "serviceAccount path group resource subresource namespace name allowed reason error errored " +
    "masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast " +
    "format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub " +
    "major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery"
  ).split(" "),
);

const walk =
  (
    times: number,
    which: (args: readonly Outcome[], result: Outcome) => Outcome = ([first]) => first!,
  ): CallCost =>
  (args, result) =>
    Math.ceil(sizeOf(which(args, result)) * times * TEXT_COST);

const search: CallCost = ([text, pattern]) =>
  Math.ceil((1 + sizeOf(text!)) * TEXT_COST) * Math.ceil(sizeOf(pattern!) * PATTERN_COST);

/** Everything in it, once. */
function traversal(value: Outcome): number {
  if (typeof value === "string") return Math.floor(Buffer.byteLength(value) * TEXT_COST);
  if (value instanceof Uint8Array) return Math.floor(value.length * TEXT_COST);
  let cost = 0;
  if (value instanceof ListValue) {
    for (const element of value) cost += traversal(element);
    return cost;
  }
  if (!(value instanceof MapValue)) return 1;
  for (const key of value.keys()) cost += traversal(key) + traversal(value.find(key)!);
  return cost;
}

const traverse: CallCost = ([list]) => traversal(list!);

/** Ten for the list, and what reading the selector and making its requirements takes. */
const selector: CallCost = ([, text]) => {
  const length = sizeOf(text!);
  return 10 + Math.ceil(length * TEXT_COST) + Math.ceil(Math.ceil(length * 0.5) * 50);
};

const containsIp =
  (isText: boolean): CallCost =>
  ([network, other]) =>
    Math.ceil(2 * sizeOf(network!) * TEXT_COST) + (isText ? Math.ceil(sizeOf(other!) * TEXT_COST) : 0);

const containsCidr =
  (isText: boolean): CallCost =>
  (args, result) =>
    containsIp(isText)(args, result)! + Math.ceil(sizeOf(args[0]!) * TEXT_COST) + 1;

const validate: CallCost = ([format, text]) =>
  format instanceof FormatValue
    ? Math.ceil((1 + sizeOf(text!)) * TEXT_COST) * Math.ceil(format.patternSize * PATTERN_COST)
    : undefined;

const cheap: CallCost = () => 1;

const costs = new Map<string, CallCost>([
  ...[...CHEAP].map((name): [string, CallCost] => [name, cheap]),
  ["check", () => CHECK_COST],
  ["fieldSelector", selector],
  ["labelSelector", selector],
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"].map((name): [string, CallCost] => [
    name,
    traverse,
  ]),
  ...["url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey"].map(
    (name): [string, CallCost] => [name, walk(1)],
  ),
  ...["cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver"].map(
    (name): [string, CallCost] => [name, walk(1)],
  ),
  ...["replace", "split", "ip.isCanonical"].map((name): [string, CallCost] => [name, walk(2)]),
  ["join", walk(2, (_, result) => result)],
  ["find", search],
  ["findAll", search],
  ["validate", validate],
]);

export const kubernetesCosts: CostModel = {
  call(name, overload) {
    switch (name) {
      case "containsIP":
        return containsIp(overload === "cidr_contains_ip_string");
      case "containsCIDR":
        return containsCidr(overload === "cidr_contains_cidr_string");
      case "ip":
        return overload === "cidr_ip" ? cheap : walk(1);
      default:
        return costs.get(name);
    }
  },
  equality: (left) => (left instanceof OpaqueValue && !(left instanceof OptionalValue) ? 1 : undefined),
  estimate: estimateCall,
};
