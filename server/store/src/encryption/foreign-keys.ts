/**
 * Keys of an upstream API server (its EncryptionConfiguration), to read what that has written: AES-CBC, AES-GCM, secretbox. Nothing is ever written
 * with them.
 */

import { createDecipheriv } from "node:crypto";
import { openAesGcm } from "./sealed-value.ts";

export interface ForeignKey {
  readonly provider: string;
  readonly name: string;
  /** Whether values under this key of the store may be encrypted with it. */
  covers(storeKey: string): boolean;
  /** Throws when it does not fit. */
  open(body: Uint8Array, storeKey: string): Uint8Array;
}

/** What opens values of a provider, given the key. */
export type Opener = (secret: Buffer) => ForeignKey["open"];

/** By the names of upstream's configuration, each with the lengths its keys may have. The library for secretbox is loaded only where somebody has such values. */
export const providers: Readonly<
  Record<string, { lengths: readonly number[]; opener: () => Promise<Opener> }>
> = {
  aesgcm: {
    lengths: [16, 24, 32],
    opener: async () => (secret) => (body, storeKey) => openAesGcm(body, secret, storeKey),
  },
  aescbc: { lengths: [16, 24, 32], opener: async () => (secret) => (body) => openAesCbc(body, secret) },
  secretbox: {
    lengths: [32],
    opener: async () => {
      const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
      return (secret) => (body) => xsalsa20poly1305(secret, body.slice(0, 24)).decrypt(body.slice(24));
    },
  },
};

/** Node checks the padding (PKCS #7); nothing else tells that the key is the right one. */
function openAesCbc(body: Uint8Array, secret: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${secret.length * 8}-cbc`, secret, body.subarray(0, 16));
  return Buffer.concat([decipher.update(body.subarray(16)), decipher.final()]);
}
