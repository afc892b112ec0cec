/** Names of a custom resource, as wanted and as accepted. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1035Label } from "@knarr/machinery/names.ts";
import type { CustomResourceDefinitionNames } from "../../../generated/apiextensions-v1.ts";

/** What names must be when they are there. */
export function validateNames(names: Partial<CustomResourceDefinitionNames>, errors: FieldErrors): void {
  const { plural = "", singular = "", kind = "", listKind = "", shortNames, categories } = names;
  checkLabel(plural, errors.at("plural"));
  checkLabel(singular, errors.at("singular"));
  checkKind(kind, errors.at("kind"));
  checkKind(listKind, errors.at("listKind"));
  for (const [i, name] of (shortNames ?? []).entries()) checkListed(name, errors.at("shortNames").at(i));
  if (kind && kind === listKind)
    errors.at("listKind").invalid(listKind, "kind and listKind may not be the same");
  for (const [i, name] of (categories ?? []).entries()) checkListed(name, errors.at("categories").at(i));
}

export function requireNames(names: Partial<CustomResourceDefinitionNames>, errors: FieldErrors): void {
  for (const field of ["plural", "singular", "kind", "listKind"] as const)
    if (!names[field]) errors.at(field).required();
}

function checkLabel(name: string, errors: FieldErrors): void {
  if (name) checkListed(name, errors);
}

/** In a list, an empty name is one too. */
function checkListed(name: string, errors: FieldErrors): void {
  const problems = dns1035Label(name);
  if (problems.length > 0) errors.invalid(name, problems.join(","));
}

function checkKind(kind: string, errors: FieldErrors): void {
  const problems = kind ? dns1035Label(kind.toLowerCase()) : [];
  if (problems.length > 0)
    errors.invalid(kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`);
}
