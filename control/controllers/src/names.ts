/** Names that controllers make up. */

/** The longest name a DNS subdomain may have. */
const MAX_NAME = 253;

/** The generateName for what `name` owns: with a dash when that leaves a valid name. */
export function prefixOf(name: string): string {
  return name.length + 1 <= MAX_NAME ? `${name}-` : name;
}
