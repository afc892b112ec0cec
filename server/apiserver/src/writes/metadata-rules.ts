/**
 * The rules of metadata that hold for every kind: upstream's ValidateObjectMeta and ValidateObjectMetaUpdate.
 */

import { FieldErrors } from "@knarr/machinery/field.ts";
import {
  dns1123Label,
  labelValue,
  nameIsDnsSubdomain,
  qualifiedName,
  type NameRule,
} from "@knarr/machinery/names.ts";
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "@knarr/machinery/object.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Served } from "../registry/served.ts";
import { checkManager } from "../handlers/options.ts";

const MAX_ANNOTATIONS = 256 * 1024;
const MAX_SUBRESOURCE = 256;
const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";
const STANDARD_FINALIZERS = new Set([ORPHAN, FOREGROUND, "kubernetes"]);

export function validateMetadata(metadata: ObjectMeta, served: Served, errors: FieldErrors): void {
  const at = errors.at("metadata");
  validateName(metadata, served.resource.name ?? nameIsDnsSubdomain, at);
  if (served.namespaced) {
    const { namespace } = metadata;
    if (!namespace) at.at("namespace").required();
    else for (const problem of dns1123Label(namespace)) at.at("namespace").invalid(namespace, problem);
  } else if (metadata.namespace) {
    at.at("namespace").forbidden("not allowed on this type");
  }
  if ((metadata.generation ?? 0) < 0)
    at.at("generation").invalid(metadata.generation, "must be greater than or equal to 0");
  if (metadata.labels) validateLabels(metadata.labels, at.at("labels"));
  if (metadata.annotations) validateAnnotations(metadata.annotations, at.at("annotations"));
  if (metadata.ownerReferences) validateOwners(metadata.ownerReferences, at.at("ownerReferences"));
  if (metadata.finalizers) validateFinalizers(metadata.finalizers, at.at("finalizers"));
  if (metadata.managedFields) validateManagers(metadata.managedFields, at.at("managedFields"));
}

/** What an update may not do to metadata; the rules of `validateMetadata` come besides. */
export function validateMetadataUpdate(
  metadata: ObjectMeta,
  previous: ObjectMeta,
  errors: FieldErrors,
): void {
  const at = errors.at("metadata");
  if (previous.deletionTimestamp) {
    const extra = (metadata.finalizers ?? []).filter((name) => !previous.finalizers?.includes(name)).sort();
    if (extra.length > 0) {
      const list = `[]string{${extra.map(quote).join(", ")}}`;
      at.at("finalizers").forbidden(
        `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
      );
    }
  }
  if (!metadata.resourceVersion)
    at.at("resourceVersion").invalid(metadata.resourceVersion ?? "", "must be specified for an update");
  at.at("name").immutable(metadata.name, previous.name);
  at.at("namespace").immutable(metadata.namespace, previous.namespace);
  at.at("uid").immutable(metadata.uid, previous.uid);
  at.at("creationTimestamp").immutable(metadata.creationTimestamp, previous.creationTimestamp);
  at.at("deletionTimestamp").immutable(metadata.deletionTimestamp, previous.deletionTimestamp);
  at.at("deletionGracePeriodSeconds").immutable(
    metadata.deletionGracePeriodSeconds,
    previous.deletionGracePeriodSeconds,
  );
}

function validateName(metadata: ObjectMeta, rule: NameRule, at: FieldErrors): void {
  const { name, generateName } = metadata;
  if (generateName)
    for (const problem of rule(generateName, { generateName: true }))
      at.at("generateName").invalid(generateName, problem);
  if (!name) at.at("name").required("name or generateName is required");
  else for (const problem of rule(name, { generateName: false })) at.at("name").invalid(name, problem);
}

function validateLabels(labels: Readonly<Record<string, string>>, at: FieldErrors): void {
  for (const key in labels) {
    for (const problem of qualifiedName(key)) at.invalid(key, problem);
    for (const problem of labelValue(labels[key]!)) at.invalid(labels[key], problem);
  }
}

function validateAnnotations(annotations: Readonly<Record<string, string>>, at: FieldErrors): void {
  let size = 0;
  for (const key in annotations) {
    for (const problem of qualifiedName(key.toLowerCase())) at.invalid(key, problem);
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!);
  }
  if (size > MAX_ANNOTATIONS) at.tooLong(MAX_ANNOTATIONS);
}

function validateOwners(owners: readonly OwnerReference[], at: FieldErrors): void {
  let controller = "";
  for (const owner of owners) {
    const { apiVersion = "", kind = "", name = "", uid = "" } = owner;
    if (!apiVersion || apiVersion.endsWith("/"))
      at.at("apiVersion").invalid(apiVersion, "version must not be empty");
    if (!kind) at.at("kind").invalid(kind, "must not be empty");
    if (!name) at.at("name").invalid(name, "must not be empty");
    if (!uid) at.at("uid").invalid(uid, "must not be empty");
    if (apiVersion === "v1" && kind === "Event")
      at.invalid(owner, "/v1, Kind=Event is disallowed from being an owner");
    if (!owner.controller) continue;
    const current = `${kind}/${name}`;
    if (controller)
      at.invalid(
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
      );
    else controller = current;
  }
}

function validateFinalizers(finalizers: readonly string[], at: FieldErrors): void {
  for (const finalizer of finalizers)
    for (const problem of qualifiedName(finalizer)) at.invalid(finalizer, problem);
  finalizers.forEach((finalizer, i) => {
    if (!finalizer.includes("/") && !STANDARD_FINALIZERS.has(finalizer))
      at.at(i).invalid(finalizer, "name is neither a standard finalizer name nor is it fully qualified");
  });
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND))
    at.invalid(finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`);
}

function validateManagers(entries: readonly ManagedFieldsEntry[], errors: FieldErrors): void {
  entries.forEach((entry, i) => {
    const at = errors.at(i);
    const { operation = "", fieldsType, manager, subresource } = entry;
    if (operation !== "Apply" && operation !== "Update")
      at.at("operation").invalid(operation, "must be `Apply` or `Update`");
    if (fieldsType && fieldsType !== "FieldsV1")
      at.at("fieldsType").invalid(fieldsType, "must be `FieldsV1`");
    if (manager) checkManager(manager, at.at("manager"));
    if (subresource && Buffer.byteLength(subresource) > MAX_SUBRESOURCE)
      at.at("subresource").tooLong(MAX_SUBRESOURCE);
  });
}

/** The same owner twice becomes one, with upstream's warning. PATCH says so after admission, the others before. */
export function mergeEqualOwners(
  metadata: ObjectMeta,
  warn: (text: string) => void,
  { afterAdmission = false }: { readonly afterAdmission?: boolean } = {},
): void {
  const owners = metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: OwnerReference[] = [];
  const doubled: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => other.uid === owner.uid && equalJson(other, owner))) doubled.push(owner.uid);
    else kept.push(owner);
  }
  if (doubled.length === 0) return;
  metadata.ownerReferences = kept;
  const when = afterAdmission ? " after mutating admission happens" : "";
  warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${doubled.join(", ")}`,
  );
}
