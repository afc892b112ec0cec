/** Certificates for tests: an authority that signs what is asked for, valid for a day. */

import { webcrypto } from "node:crypto";
import type * as X509 from "@peculiar/x509";

/** The library wants this global first, so both are loaded here rather than imported. */
await import("reflect-metadata");
const x509 = await import("@peculiar/x509");
x509.cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

export class TestAuthority {
  readonly certificate: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  #serial = 1;

  private constructor(certificate: string, keys: webcrypto.CryptoKeyPair) {
    this.certificate = certificate;
    this.#keys = keys;
  }

  static async create(name = "test-ca"): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys: keys as never,
      signingAlgorithm: ALGORITHM,
      ...validity(),
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new TestAuthority(certificate.toString("pem"), keys as webcrypto.CryptoKeyPair);
  }

  /** A client: common name is the user, organizations are the groups. */
  client(name: string, groups: readonly string[] = []): Promise<PemPair> {
    const subject = [`CN=${name}`, ...groups.map((group) => `O=${group}`)].join(", ");
    return this.#sign(subject, new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]));
  }

  /** A server called by one of `names`; without any, at 127.0.0.1 and localhost. */
  server(...names: readonly string[]): Promise<PemPair> {
    const local = [
      { type: "ip", value: "127.0.0.1" },
      { type: "dns", value: "localhost" },
    ] as const;
    return this.#sign(
      "CN=test-server",
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.length > 0 ? names.map((value) => ({ type: "dns", value })) : [...local],
      ),
    );
  }

  async #sign(subject: string, ...extensions: X509.Extension[]): Promise<PemPair> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: (this.#serial++).toString(16).padStart(4, "0"),
      subject,
      issuer: new x509.X509Certificate(this.certificate).subject,
      publicKey: keys.publicKey as never,
      signingKey: this.#keys.privateKey as never,
      signingAlgorithm: ALGORITHM,
      ...validity(),
      extensions,
    });
    const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey as never);
    return { certificate: certificate.toString("pem"), key: x509.PemConverter.encode(key, "PRIVATE KEY") };
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS) };
}
