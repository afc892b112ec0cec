/** Parameters of policies: of which kind they are, and which objects of it a binding means. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { dns1035Label, dns1123Subdomain, nameIsPathSegment } from "@knarr/machinery/names.ts";
import type { ParamKind, ParamRef } from "../../../generated/admissionregistration-v1.ts";
import { reject } from "../values.ts";

export function validateParamKind({ apiVersion = "", kind = "" }: ParamKind, errors: FieldErrors): void {
  validateApiVersion(apiVersion, errors.at("apiVersion"));
  const at = errors.at("kind");
  if (kind === "") return at.required();
  const problems = dns1035Label(kind.toLowerCase());
  if (problems.length > 0)
    at.invalid(kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`);
}

function validateApiVersion(apiVersion: string, errors: FieldErrors): void {
  if (apiVersion === "") return errors.required();
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  if (parts.length > 2) return errors.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  const [group, version] = parts.length === 1 ? ["", parts[0]!] : [parts[0]!, parts[1]!];
  const groupProblems = group ? dns1123Subdomain(group) : [];
  if (groupProblems.length > 0) errors.invalid(group, groupProblems.join(","));
  if (version === "") return errors.invalid(apiVersion, "version must be specified");
  const problems = dns1035Label(version);
  if (problems.length > 0) errors.invalid(version, problems.join(","));
}

const NOT_BOTH = "name and selector are mutually exclusive";
const NOT_FOUND_ACTIONS = ["Deny", "Allow"];

export function validateParamRef(reference: ParamRef | undefined, errors: FieldErrors): void {
  if (!reference) return;
  const { name, selector, parameterNotFoundAction: action } = reference;
  if (name) {
    reject(errors.at("name"), name, nameIsPathSegment(name, { generateName: false }));
    if (selector) errors.at("name").forbidden(NOT_BOTH);
  }
  if (selector) {
    validateLabelSelector(selector, errors.at("selector"));
    if (name) errors.at("selector").forbidden(NOT_BOTH);
  }
  if (!name && !selector) errors.required("one of name or selector must be specified");
  const at = errors.at("parameterNotFoundAction");
  if (!action) at.required();
  else if (!NOT_FOUND_ACTIONS.includes(action)) at.notSupported(action, NOT_FOUND_ACTIONS);
}

/** How tables show them. */
export function paramKindText(kind: ParamKind | undefined): string {
  return kind ? `${kind.apiVersion ?? ""}/${kind.kind ?? ""}` : "<unset>";
}

/** A name without namespace may be of the cluster or of any. */
export function paramRefText(reference: ParamRef | undefined): string {
  const { name, namespace, selector } = reference ?? {};
  if (name) return `${namespace || "*"}/${name}`;
  return selector ? selectorText(selector) : "<unset>";
}

/** As Go prints the struct. */
function selectorText({
  matchLabels = {},
  matchExpressions = [],
}: NonNullable<ParamRef["selector"]>): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}
