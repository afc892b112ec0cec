/** `status.storedVersions`: every version that objects may be stored in. One goes only when somebody has rewritten them all. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { CustomResourceDefinition } from "../../../generated/apiextensions-v1.ts";

/** Notes the version that is stored from now on. */
export function storeVersion(object: CustomResourceDefinition): void {
  const name = object.spec?.versions?.find(({ storage }) => storage)?.name;
  if (name === undefined) return;
  const stored = object.status?.storedVersions ?? [];
  if (!stored.includes(name)) object.status = { ...object.status, storedVersions: [...stored, name] };
}

export function validateStoredVersions(
  { spec, status }: CustomResourceDefinition,
  errors: FieldErrors,
): void {
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0)
    return errors.invalid(
      status?.storedVersions?.length ? stored : null,
      "must have at least one stored version",
    );
  const versions = spec?.versions ?? [];
  for (const { name, storage } of versions)
    if (storage && !stored.includes(name)) errors.invalid(stored, `must have the storage version ${name}`);
  for (const [i, name] of stored.entries())
    if (!versions.some((version) => version.name === name))
      errors
        .at(i)
        .invalid(
          name,
          `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
        );
}
