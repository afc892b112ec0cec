/** Volumes of files that tell a pod about itself, and the references by which it may ask (environment variables use them too). */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import type {
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "../../../../generated/core-v1.ts";
import { amount, canonical } from "../../amounts.ts";
import { reject } from "../../values.ts";
import { checkLocalPath, checkMode } from "./paths.ts";

const fieldsForFiles = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

/** Findings about items stand at the volume itself: upstream gives no index. */
export function validateDownwardApi(
  { defaultMode, items = [] }: DownwardAPIVolumeSource,
  errors: FieldErrors,
): void {
  checkMode(errors.at("defaultMode"), defaultMode);
  for (const file of items) validateDownwardApiFile(file, errors);
}

export function validateDownwardApiFile(file: DownwardAPIVolumeFile, errors: FieldErrors): void {
  const { path = "", fieldRef, resourceFieldRef, mode } = file;
  if (!path) errors.at("path").required();
  checkLocalPath(errors.at("path"), path);
  if (fieldRef) {
    validateFieldRef(fieldRef, fieldsForFiles, errors.at("fieldRef"));
    if (resourceFieldRef)
      errors.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (resourceFieldRef) {
    validateResourceFieldRef(resourceFieldRef, errors.at("resourceFieldRef"), { needsContainer: true });
  } else errors.required("one of fieldRef and resourceFieldRef is required");
  checkMode(errors.at("mode"), mode);
}

/** What a reference could name at all; which of them the place allows is another question. */
const knownFields = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.serviceAccountName",
  "spec.schedulerName",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

export function validateFieldRef(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
  errors: FieldErrors,
): void {
  if (!apiVersion) return errors.at("apiVersion").required();
  if (!fieldPath) return errors.at("fieldPath").required();
  const subscript = /^(.+?)\['(.*)'\]$/s.exec(fieldPath);
  const path = subscript ? subscript[1]! : fieldPath === "spec.host" ? "spec.nodeName" : fieldPath;
  const wrong = conversionProblem(apiVersion, fieldPath, { path, hasSubscript: subscript !== null });
  if (wrong) errors.at("fieldPath").invalid(fieldPath, `error converting fieldPath: ${wrong}`);
  else if (subscript) {
    const key = path === "metadata.annotations" ? subscript[2]!.toLowerCase() : subscript[2]!;
    reject(errors, key, qualifiedName(key));
  } else if (!allowed.includes(path)) errors.at("fieldPath").notSupported(path, allowed);
}

function conversionProblem(
  apiVersion: string,
  fieldPath: string,
  { path, hasSubscript }: { readonly path: string; readonly hasSubscript: boolean },
): string | undefined {
  if (apiVersion !== "v1") return `unsupported pod version: ${apiVersion}`;
  if (!hasSubscript) return knownFields.has(path) ? undefined : `field label not supported: ${fieldPath}`;
  const takesSubscript = path === "metadata.annotations" || path === "metadata.labels";
  return takesSubscript ? undefined : `field label does not support subscript: ${fieldPath}`;
}

const resourceFields = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const hugePages = /^(requests|limits)\.hugepages-/;

export function validateResourceFieldRef(
  { containerName, resource = "", divisor }: ResourceFieldSelector,
  errors: FieldErrors,
  { needsContainer }: { readonly needsContainer: boolean },
): void {
  if (needsContainer && !containerName) errors.at("containerName").required();
  else if (!resource) errors.at("resource").required();
  else if (!resourceFields.includes(resource) && !hugePages.test(resource))
    errors.at("resource").notSupported(resource, resourceFields);
  if (divisor != null) validateDivisor(resource, divisor, errors.at("divisor"));
}

const bytes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

function validateDivisor(resource: string, divisor: string, errors: FieldErrors): void {
  if (amount(divisor).sign === 0) return;
  const unit = canonical(divisor);
  const kind = resource.slice(resource.indexOf(".") + 1);
  if (kind === "cpu") {
    if (unit !== "1m" && unit !== "1")
      errors.invalid(resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    return;
  }
  const name = hugePages.test(resource)
    ? "hugepages"
    : { memory: "memory", "ephemeral-storage": "local ephemeral storage" }[kind];
  if (name && !bytes.includes(unit))
    errors.invalid(
      resource,
      `only divisor's values ${bytes.join(", ")} are supported with the ${name} resource`,
    );
}
