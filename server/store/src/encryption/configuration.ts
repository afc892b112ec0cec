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

interface Configuration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly resources?: readonly {
    readonly resources?: readonly string[];
    readonly providers?: readonly Readonly<Record<string, { readonly keys?: readonly Key[] } | undefined>>[];
  }[];
}

interface Key {
  readonly name?: string;
  readonly secret?: string;
}

/** Needs no keys of ours to read: nothing is encrypted, or nobody here can. */
const WITHOUT_KEYS = ["identity", "kms"];

/** `prefixOf` says where the store has a resource (`secrets`, `deployments.apps`). Throws SyntaxError that says what is wrong. */
export async function foreignKeysOf(
  configuration: unknown,
  prefixOf: (resource: string) => string,
): Promise<ForeignKey[]> {
  const { apiVersion, kind, resources } = (configuration ?? {}) as Configuration;
  if (kind !== "EncryptionConfiguration" || !apiVersion?.startsWith("apiserver.config.k8s.io/"))
    throw new SyntaxError("wants an EncryptionConfiguration of apiserver.config.k8s.io/v1");
  const found: ForeignKey[] = [];
  for (const { resources: names = [], providers: configured = [] } of resources ?? []) {
    // A wildcard is of many kinds: then the name of the key has to do.
    const prefixes = names.some((name) => name.startsWith("*")) ? [""] : names.map(prefixOf);
    const covers = (storeKey: string): boolean => prefixes.some((prefix) => storeKey.startsWith(prefix));
    for (const [provider, { keys = [] }] of configured.flatMap(withValues)) {
      if (WITHOUT_KEYS.includes(provider)) continue;
      for (const key of keys)
        found.push({ provider, name: key.name ?? "", covers, open: await openerOf(provider, key) });
    }
  }
  return found;
}

function withValues<T>(
  provider: Readonly<Record<string, T | undefined>>,
): [string, T | Record<string, never>][] {
  return Object.entries(provider).map(([name, value]) => [name, value ?? {}]);
}

async function openerOf(provider: string, { name, secret = "" }: Key): Promise<ForeignKey["open"]> {
  const known = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  if (!known) throw new SyntaxError(`there is no provider ${JSON.stringify(provider)}`);
  const bytes = Buffer.from(secret, "base64");
  if (!known.lengths.includes(bytes.length))
    throw new SyntaxError(
      `the key ${JSON.stringify(name)} of ${provider} has ${bytes.length} bytes, wants ${known.lengths.join(" or ")} in base64`,
    );
  return (await known.opener())(bytes);
}
