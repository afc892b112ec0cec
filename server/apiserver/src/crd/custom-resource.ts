/**
 * One version of a custom kind as the declaration that everything in the server goes by. Its rules are those of its schema; beyond them
 * custom resources differ from built-in kinds in a few ways, and all of these are here.
 */

import type { Published, Resource, Subresources } from "@knarr/kinds/resource.ts";
import { JsonPath } from "@knarr/machinery/json-path/json-path.ts";
import { goValue } from "@knarr/machinery/patch/go-print.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import type { ApiObject, JsonObject } from "@knarr/machinery/object.ts";
import type { CustomSchema } from "@knarr/structural/custom-schema.ts";
import { columnsOf } from "./columns.ts";
import {
  acceptedNames,
  deprecationOf,
  isTrue,
  storedVersionOf,
  type DefinedVersion,
  type Definition,
} from "./definition.ts";
import { finalizerWarnings } from "./finalizer-warnings.ts";

/** As upstream orders them in discovery. */
const VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/** What discovery shows while all instances are being deleted. */
const LAST_VERBS = ["delete", "deletecollection", "get", "list", "watch"];
const PART_VERBS = ["get", "patch", "update"];

export interface CustomVersion {
  readonly version: DefinedVersion;
  readonly schema: CustomSchema;
  /** Makes of an object from the store, in whatever version it is stored, what it is now. */
  revive(object: any): void;
}

export function customResource(
  definition: Definition,
  { version, schema, revive }: CustomVersion,
): Resource<any> {
  const { group, scope } = definition.spec;
  const { plural, singular, kind, listKind, shortNames, categories } = acceptedNames(definition);
  const deprecation = deprecationOf(definition, version);
  const hasStatus = version.subresources?.status !== undefined;
  return {
    ...{ group, version: version.name, kind, listKind, plural, singular, shortNames, categories },
    scope: scope as Resource["scope"],
    schema: schema.schema,
    custom: schema,
    published: publishedOf(definition, version, schema),
    ...(deprecation !== undefined && { deprecation }),
    revive,
    defaults: (object: any) => schema.applyDefaults(object as JsonObject),
    validate: (object: any, errors) => schema.validate(object as JsonObject, errors),
    validatesOnUpdate: false,
    validateUpdate: (object: any, previous: any, errors) =>
      schema.validateUpdate(object as JsonObject, previous as JsonObject, errors),
    freeFinalizers: true,
    warnings: (object: any, previous?: any) => [
      ...schema.warningsOf(object as JsonObject),
      ...finalizerWarnings(object, previous),
    ],
    hasGeneration: true,
    generationChanged: isChanged,
    unconditionalUpdate: false,
    selectableFields: selectableFields(version),
    columns: columnsOf(version.additionalPrinterColumns),
    subresources: subresourcesOf(version, schema, hasStatus),
  };
}

function subresourcesOf(
  { subresources = {} }: DefinedVersion,
  schema: CustomSchema,
  hasStatus: boolean,
): Subresources<any> {
  const { scale } = subresources;
  const selector = scale?.labelSelectorPath ? new JsonPath(scale.labelSelectorPath) : undefined;
  return {
    ...(hasStatus && {
      status: {
        prepareForUpdate: keepMetadata,
        validateUpdate: (object: any, previous: any, errors) =>
          schema.validateStatus(object as JsonObject, previous as JsonObject, errors),
        warnings: (object: any) => schema.warningsOf(object as JsonObject),
      },
    }),
    ...(scale && {
      scale: {
        specReplicas: scale.specReplicasPath,
        statusReplicas: scale.statusReplicasPath,
        selector: (object: ApiObject) => String(selector?.first(object) ?? ""),
      },
    }),
  };
}

/** A write to `/status` leaves all metadata as it is. */
function keepMetadata(object: ApiObject, { metadata }: ApiObject): void {
  const { managedFields } = object.metadata;
  const { managedFields: _, ...kept } = metadata;
  object.metadata = { ...kept, ...(managedFields && { managedFields }) };
}

/** Whether anything but metadata is another; status counts, where it is no part of its own. */
function isChanged({ metadata: _, ...object }: ApiObject, { metadata: __, ...previous }: ApiObject): boolean {
  return !equalJson(object, previous);
}

function selectableFields({
  selectableFields: fields = [],
}: DefinedVersion): Record<string, (object: any) => string> {
  return Object.fromEntries(
    fields.map(({ jsonPath }) => {
      const path = new JsonPath(jsonPath);
      const valueOf = (object: unknown): string => {
        const value = path.first(object);
        return value === undefined || value === null ? "" : goValue(value);
      };
      return [jsonPath.replace(/^\./, ""), valueOf];
    }),
  );
}

function publishedOf(definition: Definition, version: DefinedVersion, schema: CustomSchema): Published {
  const { group, scope } = definition.spec;
  const { plural, kind } = acceptedNames(definition);
  const { status, scale } = version.subresources ?? {};
  return {
    ...{ group, version: version.name, kind, plural, namespaced: scope === "Namespaced" },
    schema: [...group.split(".").reverse(), version.name, kind].join("."),
    storedVersion: storedVersionOf(definition).name,
    verbs: isTrue(definition, "Terminating") ? LAST_VERBS : VERBS,
    subresources: {
      ...(status && { status: { kind, verbs: PART_VERBS } }),
      ...(scale && { scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: PART_VERBS } }),
    },
    openApi: (openApiVersion) => schema.openApi(openApiVersion),
  };
}
