/** Our data keys as an EncryptionConfiguration of upstream's, so that its API server reads (and goes on to write) what we have encrypted. */

import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { resourceOfPrefix } from "./encrypted-kinds.ts";

/** Has keys in plain: for root's eyes alone. */
export async function upstreamEncryption(store: EncryptedStore): Promise<object> {
  const keys = store.keys.keys.map(({ name, secret }) => ({ name, secret: secret.toString("base64") }));
  if (keys.length === 0 || store.prefixes.length === 0)
    throw new Error("Cannot say how upstream is to read it: nothing is encrypted");
  return {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: store.prefixes.map(resourceOfPrefix),
        // The first key encrypts; what is not encrypted is read, too.
        providers: [{ aesgcm: { keys: keys.toReversed() } }, { identity: {} }],
      },
    ],
  };
}
