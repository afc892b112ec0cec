/** Which part of the store a kind's objects are in, by the name an administrator knows it by: `secrets`, `widgets.example.com`. */

import { ROOT, storePrefix } from "@knarr/apiserver/cache/store-keys.ts";
import { resources } from "@knarr/kinds/kinds.ts";
import { UsageError } from "../option.ts";

const stored = resources.filter((resource) => !resource.stored && !resource.isComputed);

/** Throws UsageError for what no built-in kind is called and no custom one can be. */
export function prefixOfResource(name: string): string {
  const prefix = storedPrefixOf(name);
  if (
    !stored.some((resource) => storePrefix(resource) === prefix) &&
    !/^[a-z0-9-]+(\.[a-z0-9-]+){2,}$/.test(name)
  )
    throw new UsageError(
      `Cannot encrypt ${JSON.stringify(name)}: there is no such kind; wants names such as secrets, configmaps, widgets.example.com`,
    );
  return prefix;
}

/** Of any name; nothing is stored there when it is no kind's. */
export function storedPrefixOf(name: string): string {
  const [plural = "", ...rest] = name.split(".");
  const group = rest.join(".");
  const known = stored.find((resource) => resource.plural === plural && resource.group === group);
  return known ? storePrefix(known) : `${ROOT}${group}/${plural}/`;
}

/** The other way round, with a group always: `secrets`, `deployments.apps`. */
export function resourceOfPrefix(prefix: string): string {
  const known = stored.find((resource) => storePrefix(resource) === prefix);
  if (known) return known.group ? `${known.plural}.${known.group}` : known.plural;
  const [group, plural] = prefix.slice(ROOT.length).split("/");
  return `${plural}.${group}`;
}
