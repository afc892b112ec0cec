/**
 * Encrypted values as upstream's stores have them: what was used to encrypt is said in front.
 *
 *     k8s:enc:aesgcm:v1:<name of the key>:<nonce, 12 bytes><encrypted><tag, 16 bytes>
 *
 * Ours are of this one form, with a key of 32 bytes and the store's key as associated data: a value that is put at the place of another does not
 * open. Plain values begin with a brace (JSON) or with `k8s\0` (protobuf), so whether one is encrypted shows in two bytes.
 */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

export interface SealedValue {
  /** `aesgcm`, `aescbc`, `secretbox`, `kms`. */
  readonly provider: string;
  readonly keyName: string;
  readonly body: Uint8Array;
}

export interface SealingKey {
  readonly name: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

const NONCE = 12;
const TAG = 16;
/** Names of keys are short; longer ones are not looked for. */
const MAX_PREFIX = 512;

export function isSealed(value: Uint8Array): boolean {
  return value[0] === 0x6b && value[3] === 0x3a; // k8s:
}

/** Throws SyntaxError for what begins like an encrypted value and is none. */
export function parseSealed(value: Uint8Array): SealedValue {
  const start = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, MAX_PREFIX)).toString(
    "latin1",
  );
  const [prefix, provider, keyName] = /^k8s:enc:([a-z]+):v\d+:([^:]*):/.exec(start) ?? [];
  if (prefix === undefined) throw new SyntaxError("it is neither a plain nor an encrypted value");
  const name = Buffer.from(keyName!, "latin1").toString(); // names may be UTF-8
  return { provider: provider!, keyName: name, body: value.subarray(prefix.length) };
}

/** `value` as the store is to have it under `storeKey`. */
export function seal(value: Uint8Array, key: SealingKey, storeKey: string): Buffer {
  return Buffer.concat([
    Buffer.from(`k8s:enc:aesgcm:v1:${key.name}:`),
    sealAesGcm(value, key.secret, storeKey),
  ]);
}

/** Nonce, encrypted text, tag. */
export function sealAesGcm(value: Uint8Array, secret: Buffer, associated: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(associated));
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

/** What AES-GCM has encrypted, of any length of key. Throws when the key is another, or the value is not of this place. */
export function openAesGcm(body: Uint8Array, secret: Buffer, associated: string): Buffer {
  const name = `aes-${secret.length * 8}-gcm` as "aes-256-gcm";
  const decipher = createDecipheriv(name, secret, body.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(associated)).setAuthTag(body.subarray(body.length - TAG));
  return Buffer.concat([decipher.update(body.subarray(NONCE, body.length - TAG)), decipher.final()]);
}
