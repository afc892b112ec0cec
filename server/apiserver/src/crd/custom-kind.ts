/**
 * Everything that is made of a definition to serve its kind: for each of its versions a declaration and what stands between it and the store. Made
 * once for each change of the definition, so no request compiles anything; and lazily, so one that is not used costs next to nothing.
 */

import { createHash } from "node:crypto";
import type { Resource } from "@knarr/kinds/resource.ts";
import { forbidden } from "@knarr/machinery/status.ts";
import { customSchemaOf } from "@knarr/structural/custom-schema-of.ts";
import type { CustomSchema } from "@knarr/structural/custom-schema.ts";
import type { ResourceCache } from "../cache/cache.ts";
import type { RegistryHooks } from "../registry/hooks.ts";
import { Served } from "../registry/served.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import { renaming, type Converter } from "./conversion/converter.ts";
import { CustomVersions, VersionConversion } from "./conversion/custom-versions.ts";
import { WebhookConverter } from "./conversion/webhook-converter.ts";
import { customResource } from "./custom-resource.ts";
import {
  acceptedNames,
  isTrue,
  storedVersionOf,
  type DefinedVersion,
  type Definition,
} from "./definition.ts";

export class CustomKind {
  readonly definition: Definition;
  /** Of all that decides how the kind is served: as long as it is the same, nothing need be made anew. */
  readonly signature: string;
  /** Of what decides how stored objects are read: as long as it is the same, none need be read anew. */
  readonly schemaSignature: string;
  /** The declaration that the cache goes by. */
  readonly stored: Resource<any>;
  readonly #versions: CustomVersions;
  readonly #resources: readonly Resource<any>[];

  constructor(definition: Definition, webhooks: WebhookClient) {
    this.definition = definition;
    const { metadata, spec, status } = definition;
    this.schemaSignature = digest([metadata.uid, spec, status?.acceptedNames]);
    this.signature = `${isTrue(definition, "Terminating")} ${this.schemaSignature}`;
    const { group, versions } = spec;
    const schemas = new Map<string, CustomSchema>();
    for (const version of versions) schemas.set(`${group}/${version.name}`, schemaOf(definition, version));
    this.#versions = new CustomVersions({
      converter: converterOf(definition, webhooks),
      schemas,
      stored: `${group}/${storedVersionOf(definition).name}`,
    });
    const resourceOf = (version: DefinedVersion): Resource<any> =>
      customResource(definition, {
        version,
        schema: schemas.get(`${group}/${version.name}`)!,
        revive: (object) => this.#versions.revive(object),
      });
    this.#resources = versions.filter(({ served }) => served).map(resourceOf);
    const stored = storedVersionOf(definition);
    this.stored = this.#resources.find(({ version }) => version === stored.name) ?? resourceOf(stored);
  }

  /** The versions that clients see, over the cache of the kind. */
  served(cache: ResourceCache): Served[] {
    return this.#resources.map((resource) => this.#over(cache, resource));
  }

  /** The stored version, which clients may not see. */
  storedOver(cache: ResourceCache): Served {
    return this.#over(cache, this.stored);
  }

  #over(cache: ResourceCache, resource: Resource<any>): Served {
    const conversion = new VersionConversion(this.#versions, resource);
    return new Served(resource, cache, hooksOf(this.definition), conversion);
  }
}

/** Schemas are large: the text that tells two of them apart is not worth keeping. */
function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}

function schemaOf(
  definition: Definition,
  { name, schema, subresources, selectableFields }: DefinedVersion,
): CustomSchema {
  const { group, scope, preserveUnknownFields } = definition.spec;
  const { kind, listKind, plural } = acceptedNames(definition);
  return customSchemaOf(schema?.openAPIV3Schema, {
    ...{ group, version: name, kind, listKind, plural, scope: scope as "Namespaced" | "Cluster" },
    ...(preserveUnknownFields && { preservesUnknownFields: true }),
    ...(subresources?.scale && { scale: subresources.scale }),
    ...(selectableFields && { selectableFields }),
  });
}

function converterOf({ spec }: Definition, webhooks: WebhookClient): Converter {
  const { strategy, webhook } = spec.conversion ?? { strategy: "None" };
  return strategy === "Webhook" && webhook ? new WebhookConverter(webhook, webhooks) : renaming;
}

/** While all instances are being deleted, none is added. */
function hooksOf(definition: Definition): RegistryHooks {
  if (!isTrue(definition, "Terminating")) return {};
  const { spec } = definition;
  const { plural } = acceptedNames(definition);
  return {
    beginCreate({ metadata }) {
      throw forbidden(
        { group: spec.group, resource: plural },
        metadata.name ?? "",
        "create not allowed while custom resource definition is terminating",
      );
    },
  };
}
