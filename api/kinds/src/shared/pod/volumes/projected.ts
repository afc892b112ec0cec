/**
 * Volumes that gather files from several sources: Secrets, ConfigMaps, the pod itself, tokens. Trust bundles and pod
 * certificates are behind gates that v1.36 leaves off: they were dropped before any rule sees them.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../../../../generated/core-v1.ts";
import type { PodContext } from "../context.ts";
import { validateDownwardApiFile } from "./downward-api.ts";
import { validateKeyToPath } from "./files.ts";
import { checkLocalPath, checkMode } from "./paths.ts";

/** Where a source's findings stand, and how it claims a path for itself. */
interface Place {
  readonly errors: FieldErrors;
  /** The volume, where upstream reports paths that two sources claim. */
  readonly volume: FieldErrors;
  readonly context: PodContext;
  claim(path: string, because: string): void;
}

type Validator = (source: any, place: Place) => void;

const sources: readonly (readonly [keyof VolumeProjection, Validator])[] = [
  ["secret", validateNamed],
  ["configMap", validateNamed],
  ["downwardAPI", validateDownwardApi],
  ["serviceAccountToken", validateToken],
];

export function validateProjected(
  { defaultMode, sources: list }: ProjectedVolumeSource,
  errors: FieldErrors,
  context: PodContext,
): void {
  checkMode(errors.at("defaultMode"), defaultMode);
  const taken = new Set<string>();
  const claim = (path: string, because: string): void => {
    if (taken.has(path)) errors.invalid(because, "conflicting duplicate paths");
    taken.add(path);
  };
  (list ?? []).forEach((source, i) => {
    const at = errors.at("sources").at(i);
    let count = 0;
    for (const [field, validate] of sources) {
      if (source[field] == null) continue;
      count++;
      validate(source[field], { errors: at.at(field), volume: errors, context, claim });
    }
    if (count > 1) at.forbidden("may not specify more than 1 volume type per source");
  });
}

function validateNamed(
  { name = "", items = [] }: { name?: string; items?: KeyToPath[] },
  { errors, claim }: Place,
): void {
  if (!name) errors.at("name").required();
  items.forEach((item, i) => {
    validateKeyToPath(item, errors.at("items").at(i));
    if (item.path) claim(item.path, name);
  });
}

function validateDownwardApi(
  { items = [] }: NonNullable<VolumeProjection["downwardAPI"]>,
  { errors, claim }: Place,
): void {
  for (const file of items) {
    validateDownwardApiFile(file, errors);
    if (file.path) claim(file.path, file.path);
  }
}

function validateToken(
  { expirationSeconds = 0, path }: ServiceAccountTokenProjection,
  { errors, volume, context }: Place,
): void {
  const at = errors.at("expirationSeconds");
  if (expirationSeconds < 600)
    at.invalid(expirationSeconds, "may not specify a duration less than 10 minutes");
  if (expirationSeconds > 2 ** 32)
    at.invalid(expirationSeconds, "may not specify a duration larger than 2^32 seconds");
  if (!path) volume.at("path").required();
  else if (!context.tolerated.nonLocalTokenPath) checkLocalPath(volume.at("path"), path);
}
