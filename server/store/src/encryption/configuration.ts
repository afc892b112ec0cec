/**
 * Upstream's configuration of encryption at rest (`apiserver.config.k8s.io/v1` EncryptionConfiguration), of which the keys are taken to read what
 * they have encrypted. What is encrypted from now on, and how, it does not say: that is ours.
 *
 *     kind: EncryptionConfiguration
 *     resources:
 *       - resources: [secrets]
 *         providers:
 *           - secretbox: { keys: [{ name: one, secret: <32 bytes in base64> }] }
 *           - identity: {}
 */

import { providers, type ForeignKey } from "./foreign-keys.ts";

/** As upstream reads it: whoever hands it in has looked at its types and at upstream's rules. */
export interface EncryptionConfiguration {
  readonly resources?: readonly {
    readonly resources?: readonly string[];
    readonly providers?: readonly Provider[];
  }[];
}

/** One of them, by its name. */
export type Provider = Readonly<Record<string, ProviderSettings | undefined>>;

export interface ProviderSettings {
  /** Of `kms`. */
  readonly name?: string;
  /** Of `kms`. */
  readonly endpoint?: string;
  /** Of all others but `identity`. */
  readonly keys?: readonly Key[];
}

export interface Key {
  readonly name?: string;
  readonly secret?: string;
}

/** `prefixOf` says where the store has a resource (`secrets`, `deployments.apps`). */
export async function foreignKeysOf(
  { resources = [] }: EncryptionConfiguration,
  prefixOf: (resource: string) => string,
): Promise<ForeignKey[]> {
  const found: ForeignKey[] = [];
  for (const { resources: names = [], providers: configured = [] } of resources) {
    // A wildcard is of many kinds: then the name of the key has to do.
    const prefixes = names.some((name) => name.startsWith("*")) ? [""] : names.map(prefixOf);
    const covers = (storeKey: string): boolean => prefixes.some((prefix) => storeKey.startsWith(prefix));
    for (const [provider, keys] of configured.flatMap(keysOf))
      for (const { name = "", secret = "" } of keys) {
        const open = (await providers[provider]!.opener())(Buffer.from(secret, "base64"));
        found.push({ provider, name, covers, open });
      }
  }
  return found;
}

/** Of those that have keys: `identity` encrypts nothing, and what `kms` has encrypted nobody here can read. */
function keysOf(provider: Provider): [string, readonly Key[]][] {
  return Object.entries(provider)
    .filter(([name]) => Object.hasOwn(providers, name))
    .map(([name, value]) => [name, value?.keys ?? []]);
}
