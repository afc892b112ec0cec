/**
 * What an update of a definition may go on doing wrong: rules that came later than a stored definition do not hold for those
 * that broke them before.
 */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import { isStructural } from "@knarr/structural/structural-errors.ts";
import { structuralOf } from "@knarr/structural/structural.ts";
import { hasUnprunedDefaults } from "@knarr/structural/validate-defaults.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
} from "../../../generated/apiextensions-v1.ts";
import { caBundleProblem } from "./ca-bundle.ts";
import { schemaHas, schemasOf } from "./hoisted.ts";
import { isAcceptedReviewVersion } from "./conversion.ts";
import { mapKeyFindings, OPENAPI_TYPES, setItemFinding } from "./list-rules.ts";
import { MOST_SELECTABLE_FIELDS } from "./selectable-fields.ts";

export interface Leniency {
  readonly reviewVersions: boolean;
  readonly missingSchemas: boolean;
  readonly unknownTypes: boolean;
  readonly nonStructural: boolean;
  readonly unprunedDefaults: boolean;
  readonly setItems: boolean;
  readonly mapKeys: boolean;
  readonly caBundle: boolean;
  /** Names of versions. */
  readonly unchangedSchemas: ReadonlySet<string>;
  readonly tooManySelectable: ReadonlySet<string>;
  /** Rules and message expressions that are stored already. */
  readonly storedExpressions: ReadonlySet<string>;
  /** Scope and kind may not change any more. */
  readonly isEstablished: boolean;
}

export const forNew: Leniency = {
  reviewVersions: false,
  missingSchemas: false,
  unknownTypes: false,
  nonStructural: false,
  unprunedDefaults: false,
  setItems: false,
  mapKeys: false,
  caBundle: true, // what is not established yet calls nobody
  unchangedSchemas: new Set(),
  tooManySelectable: new Set(),
  storedExpressions: new Set(),
  isEstablished: false,
};

export function forUpdate(object: CustomResourceDefinition, previous: CustomResourceDefinition): Leniency {
  const { spec } = previous;
  const isEstablished = isConditionTrue(previous, "Established");
  const reviewVersions = spec.conversion?.webhook?.conversionReviewVersions ?? [];
  const had = (isSo: (props: JsonSchemaProps) => boolean) =>
    schemasOf(spec).some((props) => schemaHas(props, isSo));
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle;
  return {
    reviewVersions: reviewVersions.length > 0 && !reviewVersions.some(isAcceptedReviewVersion),
    missingSchemas: (spec.versions ?? []).some(({ schema }) => !schema?.openAPIV3Schema),
    unknownTypes: had(({ type }) => Boolean(type) && !OPENAPI_TYPES.includes(type!)),
    nonStructural: schemasOf(spec).some((props) => !isStructural(props)),
    unprunedDefaults: schemasOf(spec).some(
      (props) => isStructural(props) && hasUnprunedDefaults(structuralOf(props)),
    ),
    setItems: had((props) => setItemFinding(props) !== undefined),
    mapKeys: had((props) => mapKeyFindings(props).length > 0),
    caBundle: !isEstablished || (Boolean(bundle) && caBundleProblem(bundle!) !== undefined),
    unchangedSchemas: namesOf(object.spec, spec, (now, before) => semanticEqual(now.schema, before.schema)),
    tooManySelectable: namesOf(
      object.spec,
      spec,
      (now, before) =>
        (before.selectableFields?.length ?? 0) > MOST_SELECTABLE_FIELDS &&
        semanticEqual(now.selectableFields, before.selectableFields),
    ),
    storedExpressions: expressionsIn(spec),
    isEstablished,
  };
}

function isConditionTrue({ status }: CustomResourceDefinition, type: string): boolean {
  return status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}

type Version = NonNullable<CustomResourceDefinitionSpec["versions"]>[number];

/** Versions that both have, and that are as asked. */
function namesOf(
  now: CustomResourceDefinitionSpec,
  before: CustomResourceDefinitionSpec,
  isSo: (now: Version, before: Version) => boolean,
): ReadonlySet<string> {
  const old = new Map((before.versions ?? []).map((version) => [version.name, version]));
  const names = (now.versions ?? []).filter((version) => {
    const same = old.get(version.name);
    return same !== undefined && isSo(version, same);
  });
  return new Set(names.map(({ name }) => name));
}

function expressionsIn(spec: CustomResourceDefinitionSpec): ReadonlySet<string> {
  const found = new Set<string>();
  for (const schema of schemasOf(spec))
    schemaHas(schema, (props) => {
      for (const { rule, messageExpression } of props["x-kubernetes-validations"] ?? []) {
        found.add(rule);
        if (messageExpression) found.add(messageExpression);
      }
      return false;
    });
  return found;
}
