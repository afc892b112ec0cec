/**
 * Which of the built-in kinds are served: upstream's `--runtime-config`.
 *
 *     servedGroups(groups, { "api/beta": true, "networking.k8s.io/v1beta1/servicecidrs": false })
 *
 * The more exact key wins: `group/version/resource`, then `group/version`, then the level of maturity (`api/ga`, `api/beta`, `api/alpha`), then
 * `api/all`, then what is on by default. Core is `/v1`, its resources `/v1/pods`.
 */

import type { Group } from "@knarr/kinds/group.ts";

export type RuntimeConfig = Readonly<Record<string, boolean>>;

const levels: Readonly<Record<string, RegExp>> = {
  "api/ga": /^v\d+$/,
  "api/beta": /^v\d+beta\d+$/,
  "api/alpha": /^v\d+alpha\d+$/,
};

/** The groups with what is on of them. Throws RangeError for a key that means nothing here. */
export function servedGroups(groups: readonly Group[], config: RuntimeConfig): readonly Group[] {
  for (const key of Object.keys(config)) checkKey(key, groups);
  return groups.flatMap((group) => {
    const isOn = isVersionOn(group, config);
    const resources = group.resources.filter(({ plural }) => config[`${nameOf(group)}/${plural}`] ?? isOn);
    if (resources.length === group.resources.length) return isOn || resources.length > 0 ? [group] : [];
    return resources.length > 0 ? [{ ...group, resources }] : [];
  });
}

function isVersionOn(group: Group, config: RuntimeConfig): boolean {
  const level = Object.keys(levels).find((key) => levels[key]!.test(group.version));
  return (
    config[nameOf(group)] ??
    (level === undefined ? undefined : config[level]) ??
    config["api/all"] ??
    !group.isOffByDefault
  );
}

function nameOf({ group, version }: Group): string {
  return `${group}/${version}`;
}

function checkKey(key: string, groups: readonly Group[]): void {
  if (key === "api/all" || key in levels) return;
  const [group, version, resource, ...rest] = key.split("/");
  if (version === undefined || rest.length > 0)
    throw new RangeError(
      `Cannot use ${key} in the runtime config: it is not of GROUP/VERSION or GROUP/VERSION/RESOURCE`,
    );
  const versions = groups.filter((one) => one.group === group);
  const found = versions.find((one) => one.version === version);
  const what =
    versions.length === 0 ? `group ${group}` : !found ? `version ${version} of ${group}` : undefined;
  const isUnknown = resource !== undefined && !found?.resources.some(({ plural }) => plural === resource);
  if (what ?? isUnknown)
    throw new RangeError(
      `Cannot use ${key} in the runtime config: there is no ${what ?? `resource ${resource}`}`,
    );
}
