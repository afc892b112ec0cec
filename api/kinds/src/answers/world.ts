/**
 * A server without a server: runs recorded writes through what the kinds say of themselves (defaults, preparation,
 * validation, warnings) and keeps the outcome, so that a kind's rules can be held against upstream's answers alone.
 *
 * Decoding, authorization and conflicts are not played here. Admission is, as little of it as the recorded answers
 * need: what upstream's default plugins fill in before validation.
 */

import { convert, zeroObject } from "@knarr/machinery/decode/convert.ts";
import { planOf } from "@knarr/machinery/decode/plan.ts";
import { FieldErrors, type FieldError } from "@knarr/machinery/field.ts";
import { applyJsonPatch } from "@knarr/machinery/patch/json-patch.ts";
import { applyMergePatch } from "@knarr/machinery/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "@knarr/machinery/patch/strategic-merge.ts";
import { ApiError } from "@knarr/machinery/status.ts";

import { resourceFor } from "../kinds.ts";
import { schemaOf, type Resource } from "../resource.ts";
import { admit } from "./admission.ts";
import { allocate } from "./allocation.ts";
import type { Step } from "./cases.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";

export interface Outcome {
  readonly object: any;
  readonly causes: readonly FieldError[];
  readonly warnings: readonly string[];
}

interface Target {
  readonly resource: Resource<any>;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export class World {
  readonly #objects = new Map<string, any>();

  /** The outcome of a write, or undefined for a step that is none, or of a kind or subresource that is not built in. */
  play(step: Step): Outcome | undefined {
    const target = targetOf(step.path);
    if (!target || (step.method !== "DELETE" && step.body === undefined)) return undefined;
    if (step.method === "DELETE") this.#objects.delete(keyOf(target, target.name));
    const outcome = this.#write(step, target);
    const name = outcome?.object.metadata.name ?? target.name;
    if (outcome && !outcome.causes.length && !step.path.includes("dryRun"))
      this.#objects.set(keyOf(target, name), outcome.object);
    return outcome;
  }

  /** Makes the world what the recorded answer says it became. */
  accept(step: Step): void {
    const target = targetOf(step.path);
    const body = step.expect?.body;
    if (!target || body?.kind !== target.resource.kind || step.path.includes("dryRun")) return;
    // Answers to reads say less than is known: what the server allocated is blotted out in them. Status may be new.
    const key = keyOf(target, body.metadata.name);
    const known = step.method === "GET" ? this.#objects.get(key) : undefined;
    const said = JSON.parse(concrete(body));
    this.#objects.set(key, known && said.status ? { ...known, status: said.status } : (known ?? said));
  }

  /** What a table of the kind would be asked to print: the object of that name. */
  objectFor(path: string, name: string): { resource: Resource<any>; object: any } | undefined {
    const target = targetOf(path);
    const object = target && this.#objects.get(keyOf(target, name));
    return object && { resource: target.resource, object };
  }

  #write(step: Step, target: Target): Outcome | undefined {
    if (step.method === "POST" && !target.subresource) return create(step.body, target);
    const previous = this.#objects.get(keyOf(target, target.name));
    if (!previous) return undefined;
    if (step.method === "PUT") return unversioned(step, target) ?? update(step.body, previous, target);
    if (step.method !== "PATCH") return undefined;
    const result = patch(step, previous, target);
    return result && isDecodable(result, target) ? update(result, previous, target) : undefined;
  }
}

const CREATED = "2026-01-01T00:00:00Z";
const UID = "00000000-0000-4000-8000-000000000000";

/** Recorded answers say TIME, IP, PORT and RANDOM for what differs from run to run. */
function concrete(body: unknown): string {
  return JSON.stringify(body)
    .replaceAll('"TIME"', JSON.stringify(CREATED))
    .replaceAll('"IP"', '"10.96.0.77"')
    .replaceAll('"PORT"', "31000")
    .replaceAll("kube-api-access-RANDOM", "kube-api-access-abcde");
}

function keyOf({ resource, namespace }: Target, name: string | undefined): string {
  return `${resource.group}/${resource.plural}/${namespace}/${name}`;
}

function targetOf(path: string): Target | undefined {
  const parts = path.split("?")[0]!.split("/").slice(1).map(decodeURIComponent);
  const root = parts.shift();
  const group = root === "apis" ? parts.shift()! : "";
  const version = parts.shift() ?? "";
  const namespaced = parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status";
  const namespace = namespaced ? parts.splice(0, 2)[1] : undefined;
  const resource = resourceFor(group, version, parts[0] ?? "");
  return resource && { resource, namespace, name: parts[1], subresource: parts[2] };
}

/** Undefined for patches that do not apply, which is the machinery's business, and for kinds of patches not played here. */
function patch({ type, body }: Step, previous: any, { resource }: Target): any {
  try {
    if (type.includes("strategic")) return applyStrategicMergePatch(previous, body, schemaOf(resource));
    if (type.includes("merge-patch")) return applyMergePatch(previous, body);
    return type.includes("json-patch") ? applyJsonPatch(previous, body) : undefined;
  } catch (err) {
    if (err instanceof ApiError) return undefined;
    throw err;
  }
}

/** Patches can make what no longer decodes; how that is answered is the server's business. */
function isDecodable(body: any, { resource }: Target): boolean {
  try {
    convert(JSON.parse(concrete(body)), schemaOf(resource));
    return true;
  } catch (err) {
    if (err instanceof TypeError || err instanceof SyntaxError) return false;
    throw err;
  }
}

function create(body: any, target: Target): Outcome {
  const { resource } = target;
  const object = decode(body, target);
  object.metadata.creationTimestamp = CREATED;
  object.metadata.uid = UID;
  const status = resource.subresources?.status;
  if (status && !(status !== true && status.writtenOnCreate)) {
    const field = planOf(schemaOf(resource)).byName.get("status");
    if (field?.fill === "struct") object.status = zeroObject(field.plan.schema);
    else delete object.status;
  }
  admit(object, resource);
  const errors = new FieldErrors();
  if (resource.plural === "services") allocate(object, undefined, errors);
  if (errors.list.length) return { object, causes: errors.list, warnings: [] };
  resource.prepareForCreate?.(object);
  resource.stamp?.(object, CREATED);
  validateMetadata(object.metadata, errors.at("metadata"), resource);
  resource.validate?.(object, errors);
  return {
    object,
    causes: errors.list,
    warnings: [...deprecated(resource), ...(resource.warnings?.(object) ?? [])],
  };
}

/** A kind may insist on being told which version an update is of; it looks no further without. */
function unversioned({ body }: Step, { resource, subresource }: Target): Outcome | undefined {
  if (subresource || resource.unconditionalUpdate !== false || body?.metadata?.resourceVersion)
    return undefined;
  const errors = new FieldErrors();
  errors.at("metadata").at("resourceVersion").invalid(0, "must be specified for an update");
  return { object: body, causes: errors.list, warnings: [] };
}

function update(body: any, stored: any, target: Target): Outcome | undefined {
  const previous = frozen(structuredClone(stored)); // as the server's cache has it
  const { resource, subresource } = target;
  const rules = subresource ? rulesOf(resource, subresource) : resource;
  if (!rules) return undefined;
  const object = decode(body, target);
  restore(object, previous, resource, subresource);
  if (!subresource) admit(object, resource, previous);
  const errors = new FieldErrors();
  if (resource.plural === "services" && !subresource) allocate(object, previous, errors);
  if (errors.list.length) return { object, causes: errors.list, warnings: [] };
  rules.prepareForUpdate?.(object, previous);
  rules.stamp?.(object, CREATED, previous);
  validateMetadataUpdate(object.metadata, previous.metadata, errors.at("metadata"));
  if (!subresource && resource.validatesOnUpdate !== false) resource.validate?.(object, errors);
  rules.validateUpdate?.(object, previous, errors);
  const warnings = subresource ? [] : (resource.warnings?.(object, previous) ?? []);
  return { object, causes: errors.list, warnings: [...deprecated(resource), ...warnings] };
}

function deprecated({ deprecation }: Resource<any>): readonly string[] {
  return deprecation === undefined ? [] : [deprecation];
}

function rulesOf(
  { subresources }: Resource<any>,
  name: string,
): Pick<Resource<any>, "prepareForUpdate" | "stamp" | "validateUpdate"> | undefined {
  if (name !== "status") return subresources?.parts?.[name];
  return subresources?.status === true ? {} : subresources?.status || undefined;
}

/** What no client decides: identity, and the half of the object that this path does not write. */
function restore(object: any, previous: any, resource: Resource<any>, subresource: string | undefined): void {
  const { name, namespace, uid, creationTimestamp, generation, deletionTimestamp } = previous.metadata;
  object.metadata = {
    ...object.metadata,
    ...defined({ name, namespace, uid, creationTimestamp, generation, deletionTimestamp }),
  };
  if (!resource.subresources?.status) return;
  if (subresource === "status")
    for (const key of Object.keys(previous))
      if (key !== "status" && key !== "metadata") object[key] = structuredClone(previous[key]);
  if (subresource === undefined) object.status = structuredClone(previous.status);
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function decode(body: any, { resource, namespace }: Target): any {
  const object: any = convert(JSON.parse(concrete(body)), schemaOf(resource), { keepsEmpties: true }).object;
  object.metadata ??= {};
  if (namespace !== undefined) object.metadata.namespace ||= namespace;
  resource.defaults?.(object);
  return object;
}
