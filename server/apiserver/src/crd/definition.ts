/** A CustomResourceDefinition as the server works with it: a stored one, with everything that defaulting and naming fill in. */

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from "@knarr/kinds/generated/apiextensions-v1.ts";
import { byVersion } from "@knarr/machinery/version-order.ts";

/** Instances are deleted before the definition that has it goes. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

export type Definition = CustomResourceDefinition;
export type DefinedVersion = CustomResourceDefinitionVersion;
export type Condition = CustomResourceDefinitionCondition;

export function conditionOf({ status }: Definition, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(definition: Definition, type: string): boolean {
  return conditionOf(definition, type)?.status === "True";
}

/** Its kind has names that nobody else has: it is served. */
export function isNamed(definition: Definition): boolean {
  return isTrue(definition, "NamesAccepted") || isTrue(definition, "Established");
}

/** Throws for a definition without one, which validation does not let in. */
export function storedVersionOf({ spec }: Definition): DefinedVersion {
  const stored = spec.versions.find(({ storage }) => storage);
  if (!stored) throw new RangeError(`Cannot serve ${spec.names.plural}.${spec.group}: no version is stored`);
  return stored;
}

export type FullNames = Required<CustomResourceDefinitionNames>;

/** The names that are served. */
export function acceptedNames({ status, spec }: Definition): FullNames {
  const { plural = spec.names.plural, kind = spec.names.kind, ...rest } = status?.acceptedNames ?? spec.names;
  return {
    plural: plural || spec.names.plural,
    kind: kind || spec.names.kind,
    singular: rest.singular || kind.toLowerCase(),
    listKind: rest.listKind || `${kind}List`,
    shortNames: rest.shortNames ?? [],
    categories: rest.categories ?? [],
  };
}

/** What requests for a deprecated version are warned of: the definition's own words, or where to go. */
export function deprecationOf({ spec }: Definition, version: DefinedVersion): string | undefined {
  if (!version.deprecated) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group, names, versions } = spec;
  const [better] = versions
    .filter(({ name, served, deprecated }) => served && !deprecated && byVersion(name, version.name) < 0)
    .map(({ name }) => name)
    .sort(byVersion);
  const text = `${group}/${version.name} ${names.kind} is deprecated`;
  return better === undefined ? text : `${text}; use ${group}/${better} ${names.kind}`;
}
