/** Names in certificates and requests: the subject, and the alternative ones that TLS looks at. */

import { contentOf, membersOf, oidOf, readDer, tags, type Value } from "./der.ts";

export interface Subject {
  /** DER, to be passed on as it is. */
  readonly bytes: Uint8Array;
  /** The last one, should there be several; empty for none. */
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const SUBJECT_ALT_NAME = "2.5.29.17";
const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";
const BMP_STRING = 0x1e;

export function subjectOf(name: Value | undefined): Subject {
  const organizations: string[] = [];
  let commonName = "";
  for (const relative of membersOf(name)) {
    for (const attribute of membersOf(relative, tags.set)) {
      const [type, value] = membersOf(attribute);
      const oid = oidOf(type);
      if (oid === COMMON_NAME) commonName = textOf(value);
      if (oid === ORGANIZATION) organizations.push(textOf(value));
    }
  }
  return { bytes: name!.bytes, commonName, organizations };
}

/** Strings are UTF-8 or a part of it, but for one sort that has two bytes a character. */
function textOf(value: Value | undefined): string {
  if (!value) return "";
  if (value.tag === BMP_STRING) return Buffer.from(value.content).swap16().toString("utf16le");
  return Buffer.from(value.content).toString("utf8");
}

const [EMAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87];

/** `content` is that of the extension `subjectAltName`. */
export function readNames(content: Uint8Array | undefined): AlternativeNames {
  const names = content ? membersOf(readDer(content)) : [];
  const ofTag = (tag: number): Uint8Array[] =>
    names.filter((name) => name.tag === tag).map((name) => contentOf(name, tag));
  const texts = (tag: number): string[] => ofTag(tag).map((bytes) => Buffer.from(bytes).toString("latin1"));
  return {
    dnsNames: texts(DNS!),
    emailAddresses: texts(EMAIL!),
    ipAddresses: ofTag(IP!).map(addressText),
    uris: texts(URI!),
  };
}

/** The alternative names of a certificate in DER. */
export function namesInCertificate(der: Uint8Array): AlternativeNames {
  const fields = membersOf(membersOf(readDer(der))[0]);
  const list = fields.find(({ tag }) => tag === 0xa3);
  const all = list ? membersOf(membersOf(list, 0xa3)[0]) : [];
  const found = all.map((one) => membersOf(one)).find(([type]) => oidOf(type) === SUBJECT_ALT_NAME);
  return readNames(found && contentOf(found.at(-1), tags.octetString));
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new SyntaxError("x509: cannot parse IP address of length " + bytes.length);
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return words.join(":");
}
