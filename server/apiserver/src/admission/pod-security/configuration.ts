/** What the administrator says for all namespaces: what holds where labels say nothing, and who is exempt. */

import type { LevelVersion, Mode, Policy } from "./policy.ts";
import { levelOf, LEVELS, MODES, versionOf } from "./policy.ts";

/** Upstream's PodSecurityConfiguration (`pod-security.admission.config.k8s.io/v1`), without what it is not needed for. */
export interface PodSecurityConfiguration {
  readonly defaults?: Readonly<Record<string, string>>;
  readonly exemptions?: Exemptions;
}

export interface Exemptions {
  readonly usernames?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly runtimeClasses?: readonly string[];
}

/** Throws RangeError for levels and versions that there are not. */
export function defaultPolicy({ defaults = {} }: PodSecurityConfiguration): Policy {
  const modeOf = (mode: Mode): LevelVersion => {
    const { [mode]: level = "privileged", [`${mode}-version`]: version = "latest" } = defaults;
    const [known, minor] = [levelOf(level), versionOf(version)];
    if (!known)
      throw new RangeError(
        `defaults.${mode}: Invalid value: ${JSON.stringify(level)}: must be one of ${LEVELS.join(", ")}`,
      );
    if (minor === undefined)
      throw new RangeError(
        `defaults.${mode}-version: Invalid value: ${JSON.stringify(version)}: must be "latest" or "v1.x"`,
      );
    return { level: known, version: minor };
  };
  const [enforce, audit, warn] = MODES.map(modeOf) as [LevelVersion, LevelVersion, LevelVersion];
  return { enforce, audit, warn };
}
