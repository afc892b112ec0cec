/**
 * Certificates of a cluster: one authority for servers and clients, one for the aggregation layer, a key that signs
 * service-account tokens. ECDSA P-256 throughout: small, fast, and every client knows it.
 *
 * Files are 0600 in a folder of 0700. What exists and is still good is kept; a certificate with less than a third of its life
 * left, or whose names no longer fit, is made anew at the next start, so nobody ever renews one by hand.
 */

import { webcrypto, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600 * 1000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;

/** PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Leaf {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly use: "server" | "client" | "both";
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
}

/**
 * Writes `text` so that a reader finds the old file or the new one, never half, and nobody else may read it. Nothing is written where that is so
 * already: a cluster starts on a disk that is full.
 */
export function writePrivate(path: string, text: string): void {
  if (hasPrivate(path, text)) return;
  const half = `${path}.new`;
  try {
    writeFileSync(half, text, { mode: 0o600 });
    renameSync(half, path);
  } catch (err) {
    rmSync(half, { force: true });
    throw new Error(`Cannot write ${path}: ${(err as Error).message}`);
  }
}

function hasPrivate(path: string, text: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o777) === 0o600 && readFileSync(path, "utf8") === text;
}

/** A folder of certificates. */
export class CertificateFolder {
  readonly #folder: string;
  readonly #now: number;

  constructor(folder: string, now = Date.now()) {
    this.#folder = folder;
    this.#now = now;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** A self-signed authority, made once. */
  async authority(file: string, commonName: string): Promise<KeyPair> {
    return (
      this.#kept(file) ??
      this.#make(file, async () => {
        const { x509, keys } = await tools();
        const certificate = await x509.X509CertificateGenerator.createSelfSigned({
          ...validity(this.#now, AUTHORITY_DAYS),
          name: `CN=${commonName}`,
          keys,
          signingAlgorithm: ALGORITHM,
          extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(
              x509.KeyUsageFlags.keyCertSign |
                x509.KeyUsageFlags.digitalSignature |
                x509.KeyUsageFlags.cRLSign,
              true,
            ),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
          ],
        });
        return { cert: certificate.toString("pem"), key: await pem(keys.privateKey) };
      })
    );
  }

  /** A certificate signed by `authority`. Kept while it is good and its names fit. */
  async leaf(file: string, authority: KeyPair, leaf: Leaf): Promise<KeyPair> {
    const kept = this.#kept(file);
    if (kept && this.#fits(kept, authority, leaf)) return kept;
    return this.#make(file, () => sign(authority, leaf, this.#now));
  }

  /** A bare private key (PKCS #8 PEM). */
  async signingKey(file: string): Promise<string> {
    const path = join(this.#folder, `${file}.key`);
    if (existsSync(path)) return readFileSync(path, "utf8");
    const { keys } = await tools();
    const key = await pem(keys.privateKey);
    writePrivate(path, key);
    return key;
  }

  #kept(file: string): KeyPair | undefined {
    const [cert, key] = [join(this.#folder, `${file}.crt`), join(this.#folder, `${file}.key`)];
    if (!existsSync(cert) || !existsSync(key)) return undefined;
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  async #make(file: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
    const pair = await make();
    writePrivate(join(this.#folder, `${file}.key`), pair.key);
    writePrivate(join(this.#folder, `${file}.crt`), pair.cert);
    return pair;
  }

  #fits(
    { cert }: KeyPair,
    authority: KeyPair,
    { commonName, organizations = [], names = [], addresses = [] }: Leaf,
  ): boolean {
    const found = new X509Certificate(cert);
    const issuer = new X509Certificate(authority.cert);
    const [from, to] = [Date.parse(found.validFrom), Date.parse(found.validTo)];
    const isYoung = to - this.#now > (to - from) / 3;
    const subject = [...organizations.map((o) => `O=${o}`), `CN=${commonName}`].sort().join("\n");
    const isSubject = found.subject.split("\n").sort().join("\n") === subject;
    const hasNames =
      names.every((name) => found.checkHost(name)) && addresses.every((ip) => found.checkIP(ip));
    return isYoung && isSubject && hasNames && found.checkIssued(issuer) && found.verify(issuer.publicKey);
  }
}

async function sign(authority: KeyPair, leaf: Leaf, now: number): Promise<KeyPair> {
  const { x509, keys } = await tools();
  const { commonName, organizations = [], use, names = [], addresses = [] } = leaf;
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der(authority.key), ALGORITHM, false, [
    "sign",
  ]);
  const uses = [
    ...(use === "client" ? [] : [x509.ExtendedKeyUsage.serverAuth]),
    ...(use === "server" ? [] : [x509.ExtendedKeyUsage.clientAuth]),
  ];
  const alternatives = [
    ...names.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now, LEAF_DAYS),
    subject: [...organizations.map((o) => ({ O: [o] })), { CN: [commonName] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(uses),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(alternatives.length ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
    ],
  });
  return { cert: certificate.toString("pem"), key: await pem(keys.privateKey) };
}

/** Loaded only when something must be made: a later start needs none of it. The library wants Reflect's metadata first. */
async function tools() {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as Crypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  return { x509, keys };
}

/** An hour back, for machines whose clock runs behind. */
function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - 3600 * 1000), notAfter: new Date(now + days * DAY) };
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const text = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${text.replace(/.{1,64}/g, "$&\n")}-----END PRIVATE KEY-----\n`;
}

function der(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text.replace(/-----[^-]+-----|\s/g, ""));
}
