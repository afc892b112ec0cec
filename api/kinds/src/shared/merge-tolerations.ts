/**
 * Tolerations from several places made one list: what another one tolerates too is left out, of equal ones the first stays.
 *
 *     [key=a:NoExecute for 5s, key exists, key=a] → [key exists]
 */

import { semanticEqual } from "@knarr/machinery/equal.ts";

import type { Toleration } from "../../generated/core-v1.ts";

export function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = [];
  all.forEach((one, i) => {
    const isKnown = merged.some((other) => covers(other, one));
    const comes = all.slice(i + 1).some((other) => !semanticEqual(other, one) && covers(other, one));
    if (!isKnown && !comes) merged.push(one);
  });
  return merged;
}

/** Whether `wide` tolerates all that `narrow` does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (semanticEqual(wide, narrow)) return true;
  const { key = "", operator = "", effect = "", value = "", tolerationSeconds } = wide;
  const isEveryKey = key === "" && operator === "Exists";
  if (key !== (narrow.key ?? "") && !isEveryKey) return false;
  if (effect !== "" && effect !== (narrow.effect ?? "")) return false;
  if (effect === "NoExecute" && tolerationSeconds != null)
    if (narrow.tolerationSeconds == null || narrow.tolerationSeconds > tolerationSeconds) return false;
  if (operator === "Exists") return true;
  const isEqual = operator === "Equal" || operator === "";
  return isEqual && narrow.operator === "Equal" && value === (narrow.value ?? "");
}
