/** How a volume may be reached: the words that volumes, claims and classes share. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import { checkOneOf } from "../values.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES = ["Block", "Filesystem"];

export function validateAccessModes(modes: readonly string[] | undefined = [], errors: FieldErrors): void {
  for (const mode of modes) checkOneOf(errors, mode, ACCESS_MODES);
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod"))
    errors.forbidden("may not use ReadWriteOncePod with other access modes");
}

export function checkVolumeMode(errors: FieldErrors, mode: string | undefined): void {
  checkOneOf(errors, mode, VOLUME_MODES);
}

const shortModes: readonly (readonly [mode: string, short: string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];

/** `RWO,ROX` */
export function accessModesText(modes: readonly string[] = []): string {
  return shortModes
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(",");
}
