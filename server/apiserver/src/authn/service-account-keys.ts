/**
 * The keys that service-account tokens are signed with and checked by, and the two documents by which others can check
 * them: the OpenID configuration and the key set.
 */

import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";

export interface TokenKeys {
  /** A signed token in compact form. */
  sign(claims: object): string;
  /** The claims of a token with a good signature. Throws an Error saying what is wrong with it. */
  verify(token: string): Record<string, unknown>;
  /** JWKS. */
  keySet(): object;
  openidConfiguration(jwksUri: string): object;
  readonly issuer: string;
  /** Of the key that signs. */
  readonly signingKeyId: string;
}

export interface TokenKeyOptions {
  readonly issuer: string;
  /** PEM, RSA or P-256. Signs. */
  readonly signingKey: string;
  /** PEM, public or private: tokens signed by these are good, too (keys that were used before). */
  readonly otherKeys?: readonly string[];
}

interface Key {
  readonly id: string;
  readonly algorithm: "RS256" | "ES256";
  readonly publicKey: KeyObject;
}

export function tokenKeys({ issuer, signingKey, otherKeys = [] }: TokenKeyOptions): TokenKeys {
  const privateKey = createPrivateKey(signingKey);
  const keys = [signingKey, ...otherKeys].map((pem) => keyOf(createPublicKey(pem)));
  const own = keys[0]!;
  const header = encoded({ alg: own.algorithm, kid: own.id });
  return {
    issuer,
    signingKeyId: own.id,
    sign(claims) {
      const text = `${header}.${encoded(claims)}`;
      const signature = sign("sha256", Buffer.from(text), withEncoding(privateKey));
      return `${text}.${signature.toString("base64url")}`;
    },
    verify: (token) => verified(token, keys),
    keySet: () => ({ keys: keys.map(jwkOf) }),
    openidConfiguration: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))].sort(),
    }),
  };
}

function keyOf(publicKey: KeyObject): Key {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return {
    id: createHash("sha256").update(spki).digest("base64url"),
    algorithm: publicKey.asymmetricKeyType === "rsa" ? "RS256" : "ES256",
    publicKey,
  };
}

/** JWTs carry the two numbers of an ECDSA signature bare, not in DER. */
function withEncoding(key: KeyObject): { key: KeyObject; dsaEncoding: "ieee-p1363" } {
  return { key, dsaEncoding: "ieee-p1363" };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Claims of a token, unchecked; undefined for what is no token at all. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  return decoded(parts[1]!);
}

function decoded(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // some other kind of token
  }
}

function verified(token: string, keys: readonly Key[]): Record<string, unknown> {
  const [head = "", body = "", signature = ""] = token.split(".");
  const header = decoded(head);
  const claims = decoded(body);
  const kid = header?.["kid"];
  const candidates = typeof kid === "string" && kid ? keys.filter(({ id }) => id === kid) : keys;
  if (candidates.length === 0) throw new Error("invalid signature, no keys found");
  const isGood = candidates.some(
    ({ algorithm, publicKey }) =>
      header?.["alg"] === algorithm &&
      verify(
        "sha256",
        Buffer.from(`${head}.${body}`),
        withEncoding(publicKey),
        Buffer.from(signature, "base64url"),
      ),
  );
  if (!isGood || !claims) throw new Error("go-jose/go-jose: error in cryptographic primitive");
  return claims;
}

function jwkOf({ id, algorithm, publicKey }: Key): object {
  const { kty, ...rest } = publicKey.export({ format: "jwk" });
  return { use: "sig", kty, kid: id, alg: algorithm, ...rest };
}
