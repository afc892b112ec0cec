/**
 * What a kind is, in one declaration: everything the server, kubectl and the dashboard must know of
 * it that the published schema does not already say. One kind, one file, one `defineResource`.
 *
 * The functions are pure and see only the object: no clock, no cluster, no feature lookups. What a
 * kind's behaviour needs from the cluster belongs in an admission plugin, a registry hook or a controller.
 */

import type { CustomDecoding } from "@knarr/machinery/decode/custom.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { MetadataPass } from "@knarr/machinery/metadata.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { PublishedResource, Schema } from "@knarr/schema/schema.ts";

export interface Resource<T extends ApiObject = ApiObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Definition in api/schema/: structure, required fields, list types, patch merge keys. Or the schema itself, which no table has. */
  readonly schema: string | Schema;
  readonly plural: string;
  /** Where upstream's stores have it below `/registry/`. Default: its plural; custom resources: group and plural. */
  readonly storedUnder?: string;
  /** Versions that upstream stores though nobody is served them any more: makes of an object what this one stores. It is used up. */
  readonly onlyStored?: Readonly<Record<string, (object: any) => T>>;
  /** Its objects are forgotten so many seconds after they were last written. */
  readonly lifetimeSeconds?: number;
  /** Default: the kind in lower case. */
  readonly singular?: string;
  /** Default: the kind and `List`. */
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  /** For kinds that the published API does not have: what discovery and OpenAPI say of them. */
  readonly published?: Published;
  /** For the same: how their bodies are decoded. */
  readonly custom?: CustomDecoding;

  /**
   * The resource whose stored objects this one shows in another version or group (`events.k8s.io` Event shows
   * core Event). `toHub` and `fromHub` convert; they may change the object they are given. `selectableFields` has what
   * the stored resource calls those that are called otherwise there: selectors are matched against stored objects.
   */
  readonly stored?: {
    readonly as: Resource<any>;
    toHub(object: T): ApiObject;
    fromHub(object: any): T;
    readonly selectableFields?: Readonly<Record<string, string>>;
  };

  /** Verbs beyond or instead of the usual ones; reviews (SelfSubjectAccessReview, …) have only "create" and are not stored. */
  readonly verbs?: readonly Verb[];
  /** Its objects are stored nowhere but made when asked for (ComponentStatus): by the kind's registry hooks. */
  readonly isComputed?: true;

  /** How `metadata.name` is checked; default: DNS-1123 subdomain. Returns what is wrong, as upstream words it. */
  readonly name?: (name: string, prefix: { readonly generateName: boolean }) => readonly string[];

  /**
   * For kinds whose schema may change under what is stored (custom resources): makes of an object from the store what it is now, in
   * place. Each stays in the version it was stored in. Must be idempotent, and leave alone what the schema allows.
   */
  revive?(object: T): void;

  /** Fills what the user left out. Runs on every decode of this version, before admission; must be idempotent. */
  defaults?(object: T): void;

  /** On create, after admission mutated and before `validate`: drops or derives what users may not set (upstream's PrepareForCreate, beyond status and generation, which the server does). */
  prepareForCreate?(object: T): void;
  /** The same on update; may copy from `previous` what an update cannot change silently (upstream's PrepareForUpdate). */
  prepareForUpdate?(object: T, previous: T): void;
  /** After either of them: writes the times that upstream's strategies write. `previous` is absent on create. */
  stamp?(object: T, now: string, previous?: T): void;

  /** Runs after defaulting, on create and on update. Metadata is validated by the server. Must not mutate. */
  validate?(object: T, errors: FieldErrors): void;

  /** Runs on update only, after `validate`: what may not change, and what may change only so. */
  validateUpdate?(object: T, previous: T, errors: FieldErrors): void;

  /** Whether upstream runs `validate` again on update too (default true); a few kinds validate updates alone. */
  readonly validatesOnUpdate?: boolean;

  /** How upstream's rules of this kind look at metadata again on update, which repeats what is wrong with it. Default: at what changed. */
  readonly metadataOnUpdate?: readonly MetadataPass[];

  /** Finalizers need not be qualified (`x.io/mine`); in most kinds they must. */
  readonly freeFinalizers?: boolean;

  /** Text of the `Warning:` header that every request for this kind is answered with, whatever the verb. */
  readonly deprecation?: string;

  /** Texts for `Warning:` headers on create and update (`previous` is absent on create). */
  warnings?(object: T, previous?: T): readonly string[];

  /** Equality that decides whether `metadata.generation` rises on update; default: anything but metadata and status changed. */
  generationChanged?(object: T, previous: T): boolean;
  /** Kinds whose generation is never set (ConfigMap, Secret, …): false. Default: true when the kind has a `spec`. */
  readonly hasGeneration?: boolean;

  /** Field selectors beyond metadata.name and metadata.namespace: label → value. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;

  /** What `kubectl get` prints; see Column. Default: Name and Age. */
  readonly columns?: readonly Column<T>[];

  /** Order of rows in tables of lists, where upstream sorts them by more than their keys. */
  rowOrder?(a: T, b: T): number;

  readonly subresources?: Subresources<T>;

  /** Create by PUT or apply when absent (upstream's AllowCreateOnUpdate: Lease, Event, Endpoints, RBAC, …). Apply may always create. */
  readonly createOnUpdate?: boolean;
  /** PUT without resourceVersion is allowed (upstream's AllowUnconditionalUpdate). Default true; false for RBAC-like few. */
  readonly unconditionalUpdate?: boolean;

  /** The answer to DELETE is the deleted object, not a Status (upstream's ReturnDeletedObject). */
  readonly returnsDeleted?: boolean;
  /** Objects of this kind are deleted gracefully: seconds when the caller names none (Pod), given the object. */
  gracePeriodSeconds?(object: T): number;
  /** Propagation when the caller names none. Default "background". */
  readonly defaultPropagation?: "background" | "orphan";
  /** Text of the `Warning:` header for who deletes without saying what becomes of the dependents. */
  readonly orphanWarning?: string;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface Subresources<T extends ApiObject = ApiObject> {
  /**
   * Splits writes in two: `/status` may change only `.status` (and metadata), everything else only the rest. With
   * it, create drops `.status`.
   */
  readonly status?: boolean | StatusSubresource<T>;
  /** Where `kubectl scale` and autoscalers find the numbers. */
  readonly scale?: {
    readonly specReplicas: string;
    readonly statusReplicas: string;
    /** Label selector as text, as autoscalers want it. */
    selector(object: T): string;
  };
  /**
   * Further subresources that show the whole object and write a part of it by rules of their own (`resize` and
   * `ephemeralcontainers` of Pod). `prepareForUpdate` puts back all that the part may not touch: the server does not.
   */
  readonly parts?: Readonly<Record<string, StatusSubresource<T>>>;
}

export interface StatusSubresource<T> {
  /** Status may be given on create too (Node: kubelets register with it). Default: create drops it. */
  readonly writtenOnCreate?: boolean;
  /** What a write to `/status` may not touch, beyond spec, which the server restores. */
  prepareForUpdate?(object: T, previous: T): void;
  stamp?(object: T, now: string, previous: T): void;
  /** All rules but those of metadata; the kind's own `validate` and `validateUpdate` are for the main path alone. */
  validateUpdate?(object: T, previous: T, errors: FieldErrors): void;
  warnings?(object: T, previous: T): readonly string[];
}

/** One column of a Table. `value` is what `kubectl get` prints (text, number or undefined for `<none>`-like, per upstream). */
export interface Column<T> {
  readonly name: string;
  /** OpenAPI type; default "string". */
  readonly type?: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description?: string;
  /** 0 (default) always, 1 only with `-o wide`. */
  readonly priority?: number;
  /** Upstream fills a cell and forgets the column: rows of the kind are longer than their head. Only the last ones can be so. */
  readonly untitled?: true;
  /** `now` is milliseconds since the epoch, for ages. */
  value(object: T, now: number): string | number | boolean | undefined;
}

/** A row of the published API as custom resources bring it. Verbs and subresources are shown in this order. */
export interface Published extends Omit<PublishedResource, "schema"> {
  /** Name of its definition (`io.example.v1.Boat`). */
  readonly schema: string;
  /** The version that is stored. */
  readonly storedVersion: string;
  /** That, its list's (`schema` with the list's kind for its own) and further definitions it needs, by name, in a version of OpenAPI; they may refer to ObjectMeta and ListMeta. */
  openApi(version: 2 | 3): Readonly<Record<string, object>>;
}

export function schemaOf({ schema }: Pick<Resource<any>, "schema">): Schema {
  return typeof schema === "string" ? definition(schema) : schema;
}

export function defineResource<T extends ApiObject>(resource: Resource<T>): Resource<T> {
  return resource;
}

export function groupResource({ group, plural }: Resource<any>): { group: string; resource: string } {
  return { group, resource: plural };
}

/**
 * Where stores keep a kind below `/registry/`: upstream's layout, so that a cluster can move either way. Built-in plurals have no dot and
 * groups of custom resources have one, so no two kinds meet.
 */
export function storagePath({ group, plural, published, storedUnder }: Resource<any>): string {
  return storedUnder ?? (published ? `${group}/${plural}` : plural);
}
