/** What the administrator says for all namespaces: what holds where labels say nothing, and who is exempt. */

import { fields, TEXT, TEXTS, type ConfigFormat } from "@knarr/machinery/config-file.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";
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

export const POD_SECURITY: ConfigFormat = {
  kinds: ["v1", "v1beta1", "v1alpha1"].map(
    (version) => `pod-security.admission.config.k8s.io/${version} PodSecurityConfiguration`,
  ),
  schema: fields({
    defaults: fields(
      Object.fromEntries(
        MODES.flatMap((mode) => [[mode, TEXT] as const, [`${mode}-version`, TEXT] as const]),
      ),
    ),
    exemptions: fields({ usernames: TEXTS, namespaces: TEXTS, runtimeClasses: TEXTS }),
  }),
};

/** Of a configuration without findings. */
export function defaultPolicy({ defaults = {} }: PodSecurityConfiguration): Policy {
  const modeOf = (mode: Mode): LevelVersion => ({
    level: levelOf(defaults[mode] || "privileged")!,
    version: versionOf(defaults[`${mode}-version`] || "latest")!,
  });
  const [enforce, audit, warn] = MODES.map(modeOf) as [LevelVersion, LevelVersion, LevelVersion];
  return { enforce, audit, warn };
}

export function validatePodSecurity(
  { defaults = {}, exemptions = {} }: PodSecurityConfiguration,
  errors: FieldErrors,
): void {
  for (const mode of MODES) {
    const { [mode]: level, [`${mode}-version`]: version } = defaults;
    const at = errors.at("defaults");
    if (level && !levelOf(level)) at.at(mode).invalid(level, `must be one of ${LEVELS.join(", ")}`);
    if (version && versionOf(version) === undefined)
      at.at(`${mode}-version`).invalid(version, 'must be "latest" or "v1.x"');
  }
  for (const [field, problems] of exempt) {
    const names = exemptions[field] ?? [];
    names.forEach((name, i) => {
      const at = errors.at("exemptions").at(field).at(i);
      const found = problems(name);
      if (found.length > 0) at.invalid(name, found.join(", "));
      else if (names.indexOf(name) < i) at.duplicate(name);
    });
  }
}

const exempt: readonly (readonly [keyof Exemptions, (name: string) => readonly string[]])[] = [
  ["namespaces", dns1123Label],
  ["runtimeClasses", dns1123Subdomain],
  ["usernames", (name) => (name ? [] : ["username must not be empty"])],
];
