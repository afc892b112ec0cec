/** Every entry of the store as it lies, and whose it is. */

import { isAgreement, prefixOf, ROOT, storePrefix } from "@knarr/apiserver/cache/store-keys.ts";
import { resources } from "@knarr/kinds/kinds.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { Compacted, type Entry, type Store } from "@knarr/store/store.ts";

export interface Found {
  readonly entry: Entry;
  /** `pods`, `deployments.apps`, or what its place says of a kind that is not built in. */
  readonly kind: string;
  /** `namespace/name`, or `name`. */
  readonly place: string;
  /** The kind, if it is built in. */
  readonly resource: Resource<any> | undefined;
}

const PAGE = 500;
const builtIn = new Map(
  resources
    .filter(({ stored, isComputed }) => !stored && !isComputed)
    .map((resource) => [storePrefix(resource), resource]),
);

/** All of one moment, some at a time; when that is forgotten meanwhile (a rotation of the keys does so), the rest as it is then. */
export async function* walk(store: Store): AsyncGenerator<readonly Found[]> {
  let { revision } = store;
  for (let after: string | undefined, remaining = 1; remaining > 0;) {
    const options = { revision, limit: PAGE, count: false, ...(after && { after }) };
    const page = await store.list(ROOT, options).catch(unlessCompacted);
    if (!page) {
      ({ revision } = store);
      continue;
    }
    yield page.entries.map(foundOf);
    after = page.entries.at(-1)?.key;
    remaining = page.remaining;
  }
}

function unlessCompacted(err: unknown): undefined {
  if (!(err instanceof Compacted)) throw err;
}

/** Whose an entry is, by where it lies. */
export function foundOf(entry: Entry): Found {
  const prefix = longest(entry.key) ?? prefixOf(entry.key, isAgreement);
  const resource = builtIn.get(prefix);
  const [plural, group] = resource
    ? [resource.plural, resource.group]
    : prefix.slice(ROOT.length, -1).split("/").reverse();
  const kind = group ? `${plural}.${group}` : plural || "(unknown)";
  return { entry, kind, place: entry.key.slice(prefix.length), resource };
}

/** The built-in kind of a key: `/registry/pods/`, or `/registry/services/specs/`. */
function longest(key: string): string | undefined {
  const first = key.indexOf("/", ROOT.length) + 1;
  const second = key.indexOf("/", first) + 1;
  return [key.slice(0, second), key.slice(0, first)].find((prefix) => builtIn.has(prefix));
}
