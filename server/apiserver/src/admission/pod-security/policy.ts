/**
 * What a namespace asks of its pods, by its labels: a level of the Pod Security Standards, as some version of them has it, for each of what
 * is enforced, noted in the audit log and warned of.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";

export const LEVELS = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof LEVELS)[number];

/** Minor version of the standards; Infinity for the latest. */
export type Version = number;

export interface LevelVersion {
  readonly level: Level;
  readonly version: Version;
}

export const MODES = ["enforce", "audit", "warn"] as const;
export type Mode = (typeof MODES)[number];
export type Policy = Readonly<Record<Mode, LevelVersion>>;

export const PREFIX = "pod-security.kubernetes.io/";
const NO_LEVEL = `must be one of ${LEVELS.join(", ")}`;
const NO_VERSION = 'must be "latest" or "v1.x"';
const MAX_MINOR = 2 ** 31;

/** `restricted:v1.30` */
export function textOf({ level, version }: LevelVersion): string {
  return `${level}:${version === Infinity ? "latest" : `v1.${version}`}`;
}

/** Undefined for what is none. */
export function levelOf(text: string): Level | undefined {
  return LEVELS.find((level) => level === text);
}

export function versionOf(text: string): Version | undefined {
  if (text === "latest") return Infinity;
  const minor = Number(/^v1\.([0-9]|[1-9][0-9]*)$/.exec(text)?.[1] ?? NaN);
  return minor < MAX_MINOR ? minor : undefined;
}

/** A level or a version that is none is found fault with, and is taken to be the strictest where it is enforced, the laxest elsewhere. */
export function policyOf(
  labels: Readonly<Record<string, string>>,
  defaults: Policy,
  errors: FieldErrors,
): Policy {
  const at = errors.at("metadata").at("labels");
  const modeOf = (mode: Mode): LevelVersion => {
    const [level, version] = [labels[PREFIX + mode], labels[`${PREFIX}${mode}-version`]];
    const lenient = mode === "enforce" ? "restricted" : "privileged";
    if (level !== undefined && !levelOf(level)) at.at([PREFIX + mode]).invalid(level, NO_LEVEL);
    if (version !== undefined && versionOf(version) === undefined)
      at.at([`${PREFIX}${mode}-version`]).invalid(version, NO_VERSION);
    return {
      level: level === undefined ? defaults[mode].level : (levelOf(level) ?? lenient),
      version: version === undefined ? defaults[mode].version : (versionOf(version) ?? Infinity),
    };
  };
  const [enforce, audit, warn] = [modeOf("enforce"), modeOf("audit"), modeOf("warn")];
  return { enforce, audit, warn: warnOf(labels, enforce, warn) };
}

/** What is enforced is warned of, too, unless the namespace says what is. */
function warnOf(
  labels: Readonly<Record<string, string>>,
  enforce: LevelVersion,
  warn: LevelVersion,
): LevelVersion {
  const isEnforced = levelOf(labels[`${PREFIX}enforce`] ?? "") !== undefined;
  if (labels[`${PREFIX}warn`] !== undefined || !isEnforced || !isStricter(enforce.level, warn.level))
    return warn;
  const isOwnVersion = labels[`${PREFIX}warn-version`] !== undefined;
  return { level: enforce.level, version: isOwnVersion ? warn.version : enforce.version };
}

export function isStricter(level: Level, than: Level): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(than);
}

export function isFullyPrivileged(policy: Policy): boolean {
  return MODES.every((mode) => policy[mode].level === "privileged");
}

/** Whether two ask for the same: versions of `privileged` are all one. */
export function isSamePolicy(one: Policy, other: Policy): boolean {
  return MODES.every(
    (mode) =>
      one[mode].level === other[mode].level &&
      (one[mode].level === "privileged" || one[mode].version === other[mode].version),
  );
}
