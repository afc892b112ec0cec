/** Rules for paths within volumes and on hosts. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import { reject } from "../../values.ts";

const FINE: readonly string[] = [];

export function backstepProblems(path: string): readonly string[] {
  return path.includes("..") && path.split("/").includes("..") ? ["must not contain '..'"] : FINE;
}

/** Below some directory: relative, and never up. */
export function relativePathProblems(path: string): readonly string[] {
  const up = backstepProblems(path);
  return path.startsWith("/") ? ["must be a relative path", ...up] : up;
}

/** As a file that we make: nor may its name look like our own `..data`. */
export function localPathProblems(path: string): readonly string[] {
  const problems = relativePathProblems(path);
  if (!path.startsWith("..") || path.startsWith("../")) return problems;
  return [...problems, "must not start with '..'"];
}

export function checkLocalPath(errors: FieldErrors, path: string): void {
  reject(errors, path, localPathProblems(path));
}

export function checkMode(errors: FieldErrors, mode: number | undefined): void {
  if (mode != null && (mode < 0 || mode > 0o777))
    errors.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive");
}
