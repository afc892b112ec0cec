/**
 * Server-side apply: a manager states the fields it cares about. They are set, those it stated before and states no more
 * are removed unless somebody else owns them, and what another manager owns with another value is a conflict.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import type { ApiObject, JsonObject } from "../object.ts";
import { ApiError, badRequest, plain500, type StatusCause } from "../status.ts";
import { quote } from "../quote.ts";
import { equalJson } from "./copy.ts";
import { pathText } from "./field-element.ts";
import type { FieldFilter } from "./field-filter.ts";
import { checkTypes, fieldSetOfObject, problemsText } from "./field-set-of-object.ts";
import { difference, eachPath, intersection, isEmpty, LEAF, union, type FieldSet } from "./field-set.ts";
import { goKind } from "./go-print.ts";
import { LAST_APPLIED, allowedByLastApplied, withLastApplied } from "./last-applied.ts";
import { encodeManagers, isSameManager, type Manager } from "./managers.ts";
import { mergeObjects, removeFields, withEmptied, withNamedFields, withoutNulls } from "./merge-objects.ts";
import { rootShapeOf, type Shape } from "./shape.ts";
import { Comparisons, decodedOf, managersAfter, type VersionedStates } from "./track-update.ts";

export interface ApplyOptions {
  /** The object as it is stored, in the version of the request; undefined when there is none yet. */
  readonly live: ApiObject | undefined;
  /** The body as it came: no defaults, nothing decoded away. */
  readonly applied: JsonObject;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Now, RFC 3339 with seconds. */
  readonly time: string;
  readonly schema: Schema;
  readonly filter?: FieldFilter | undefined;
  readonly inVersion?: (apiVersion: string, states: VersionedStates) => VersionedStates | undefined;
}

/**
 * The object to store, with its managedFields; it may share parts with `live` and `applied`. Still to be defaulted and
 * decoded. Throws ApiError: Conflict, BadRequest for the wrong kind, InternalError (as upstream) for fields the schema
 * does not have.
 */
export function apply(options: ApplyOptions): ApiObject {
  const { applied, apiVersion, kind, manager } = options;
  if (applied["apiVersion"] !== apiVersion || applied["kind"] !== kind) {
    const given = goKind(textOf(applied["apiVersion"]), textOf(applied["kind"]));
    throw badRequest(`invalid object type: ${given}`);
  }
  const metadata = applied["metadata"] as ApiObject["metadata"] | undefined;
  if (metadata?.managedFields != null) throw badRequest("metadata.managedFields must be nil");
  const shape = rootShapeOf(options.schema);
  const problems = checkTypes(shape, applied);
  if (problems.length > 0) {
    const name = `${textOf(metadata?.namespace)}/${textOf(metadata?.name)}`;
    const who = `${name}; ${goKind(apiVersion, kind)}`;
    throw plain500(`failed to create typed patch object (${who}): ${problemsText(problems)}`);
  }
  const application = new Application(options, shape);
  const object = application.result();
  const annotations = object.metadata.annotations;
  return manager === "kubectl" && annotations?.[LAST_APPLIED] ? withLastApplied(object, applied) : object;
}

/** What is read of a body that nobody has checked yet. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

class Application {
  readonly #options: ApplyOptions;
  readonly #shape: Shape;
  readonly #live: ApiObject;
  readonly #before: readonly Manager[];

  constructor(options: ApplyOptions, shape: Shape) {
    this.#options = options;
    this.#shape = shape;
    const { apiVersion, kind } = options;
    this.#live = options.live ?? { apiVersion, kind, metadata: {} };
    this.#before = this.#managersBefore();
  }

  result(): ApiObject {
    const { force, manager, applied } = this.#options;
    const self = this.#self();
    const last = this.#before.find((entry) => isSameManager(entry, self));
    const others = this.#before.filter((entry) => entry !== last);
    let merged = mergeObjects(this.#shape, this.#live, applied) as ApiObject;
    if (last) merged = this.#prune(merged, last.fields, [...others, self]);
    if (last && !this.#shape.map?.builtIn) merged = withEmptied(merged, applied) as ApiObject;

    const comparisons = this.#comparisons(merged);
    const conflicts = force ? [] : conflictsWith(others, comparisons);
    if (conflicts.length > 0) this.#refuse(conflicts, manager);

    const object = withoutNulls(this.#shape, merged) as ApiObject;
    const before = withoutNulls(this.#shape, this.#live) as ApiObject; // stored objects may write null for nothing
    const unchanged = equalJson(withoutManagers(before), withoutManagers(object));
    const time = unchanged ? last?.time : self.time;
    const after = [...losersOf(others, comparisons), { ...self, time }].filter(
      ({ fields }) => !isEmpty(fields),
    );
    return withManagers(object, after);
  }

  #self(): Manager {
    const { applied, manager, apiVersion, subresource, time, filter } = this.#options;
    const stated = fieldSetOfObject(this.#shape, applied);
    const fields = filter ? filter(stated) : stated;
    return { manager: manager || "unknown", operation: "Apply", apiVersion, subresource, time, fields };
  }

  #managersBefore(): readonly Manager[] {
    const { live, subresource, apiVersion, time, schema, filter } = this.#options;
    let managers: readonly Manager[];
    try {
      managers = decodedOf(live?.metadata.managedFields ?? []);
    } catch (err) {
      if (!(err instanceof SyntaxError)) throw err;
      throw plain500(`failed to decode managed fields: ${err.message}`);
    }
    if (managers.length > 0 || !live) return managers;
    // Nobody was keeping track: whatever is there belongs to somebody else.
    const manager = "before-first-apply";
    return managersAfter(
      { live: undefined, object: live, manager, subresource, apiVersion, time, schema, filter },
      [],
    );
  }

  #comparisons(object: ApiObject): Comparisons {
    const { apiVersion, schema, filter, inVersion, manager, subresource, time } = this.#options;
    const states: VersionedStates = { live: this.#live, object, schema };
    return new Comparisons({
      ...states,
      apiVersion,
      filter,
      manager,
      subresource,
      time,
      ...(inVersion && { inVersion: (version: string) => inVersion(version, states) }),
    });
  }

  /**
   * Takes out of `merged` what the manager stated last time and states no more, unless somebody owns it or something
   * below it. What nobody owned stays, too: only what was this manager's may go.
   */
  #prune(merged: ApiObject, lastFields: FieldSet, managers: readonly Manager[]): ApiObject {
    const stated = managers.at(-1)!.fields;
    if (isEmpty(difference(lastFields, stated))) return merged; // nothing given up
    const named = (set: FieldSet): FieldSet => withoutMetadata(withNamedFields(this.#shape, set));
    const last = named(lastFields);
    const owned = named(managers.reduce((all: FieldSet, { fields }) => union(all, fields), stated));
    const everything = named(fieldSetOfObject(this.#shape, merged));
    const first = removeFields(this.#shape, merged, last);
    const kept = union(named(fieldSetOfObject(this.#shape, first)), owned);
    const second = removeFields(this.#shape, merged, difference(everything, kept));
    const left = named(fieldSetOfObject(this.#shape, second));
    return removeFields(this.#shape, merged, intersection(difference(everything, left), last)) as ApiObject;
  }

  /** kubectl may take over what it applied by itself before: the annotation says what that was. */
  #refuse(conflicts: readonly Conflict[], manager: string): void {
    const { apiVersion } = this.#options;
    const allowed =
      manager === "kubectl" ? allowedByLastApplied(this.#live, apiVersion, this.#shape) : undefined;
    if (!allowed) throw conflictError(conflicts);
    const left = conflicts
      .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, allowed) }))
      .filter(({ fields }) => !isEmpty(fields));
    if (left.length > 0) throw conflictError(left);
  }
}

/** The metadata as such is never anybody's: an object cannot lose its name. */
function withoutMetadata(set: FieldSet): FieldSet {
  return difference(set, METADATA);
}
const METADATA: FieldSet = { "f:metadata": LEAF };

function conflictsWith(others: readonly Manager[], comparisons: Comparisons): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const manager of others) {
    const comparison = comparisons.in(manager.apiVersion);
    const fields = comparison && intersection(manager.fields, comparison.changed);
    if (fields && !isEmpty(fields)) conflicts.push({ manager, fields });
  }
  return conflicts;
}

/** The other managers without what this apply took from them. */
function losersOf(others: readonly Manager[], comparisons: Comparisons): Manager[] {
  const left: Manager[] = [];
  for (const entry of others) {
    const comparison = comparisons.in(entry.apiVersion);
    if (!comparison) continue;
    const fields = difference(difference(entry.fields, comparison.changed), comparison.removed);
    left.push(fields === entry.fields ? entry : { ...entry, fields });
  }
  return left;
}

function withoutManagers(object: ApiObject): object {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

function withManagers(object: ApiObject, managers: readonly Manager[]): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {}; // which a client may apply as null
  return {
    ...object,
    metadata: { ...metadata, ...(managers.length > 0 && { managedFields: encodeManagers(managers) }) },
  };
}

function conflictError(conflicts: readonly Conflict[]): ApiError {
  const found = conflicts
    .flatMap(({ manager, fields }) => {
      const paths: string[] = [];
      eachPath(fields, (path) => paths.push(pathText(path)));
      return paths.map((path) => ({ who: managerText(manager), path }));
    })
    .toSorted((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : 0));
  const causes: StatusCause[] = found.map(({ who, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${who}`,
    field: path,
  }));
  return new ApiError("Conflict", conflictText(found), { causes });
}

function conflictText(found: readonly { readonly who: string; readonly path: string }[]): string {
  if (found.length === 1)
    return `Apply failed with 1 conflict: conflict with ${found[0]!.who}: ${found[0]!.path}`;
  const lines: string[] = [];
  let last: string | undefined;
  for (const { who, path } of found) {
    if (who !== last) lines.push(`conflicts with ${who}:`);
    last = who;
    lines.push(`- ${path}`);
  }
  return `Apply failed with ${found.length} conflicts: ${lines.join("\n")}`;
}

function managerText({ manager, subresource, operation, apiVersion }: Manager): string {
  const name = subresource ? `${quote(manager)} with subresource ${quote(subresource)}` : quote(manager);
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
