/**
 * DER, the encoding of X.509 (X.690): values in values, each with a tag and a length.
 *
 *     30 06              SEQUENCE, 6 bytes
 *        02 01 05          INTEGER 5
 *        04 01 ff          OCTET STRING ff
 *
 * Reading gives views of the bytes, nothing is copied. Throws SyntaxError for what is no DER.
 */

export interface Value {
  /** Class, form and number, as the first byte has them: 0x30 is a SEQUENCE, 0xa0 the constructed `[0]`. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length included. */
  readonly bytes: Uint8Array;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The one value that `bytes` are. */
export function readDer(bytes: Uint8Array): Value {
  const [value, ...rest] = readAll(bytes);
  if (!value || rest.length > 0) throw new SyntaxError("asn1: syntax error: trailing data");
  return value;
}

/** The values in a constructed one. Checks its tag. */
export function membersOf(value: Value | undefined, tag: number = tags.sequence): Value[] {
  return readAll(contentOf(value, tag));
}

/** The content of a value that must have `tag`. */
export function contentOf(value: Value | undefined, tag: number): Uint8Array {
  if (!value) throw new SyntaxError("asn1: structure error: sequence truncated");
  if (value.tag !== tag)
    throw new SyntaxError(`asn1: structure error: tags don't match (${tag & 31} vs ${value.tag & 31})`);
  return value.content;
}

function readAll(bytes: Uint8Array): Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readOne(bytes.subarray(at));
    values.push(value);
    at += value.bytes.length;
  }
  return values;
}

function readOne(bytes: Uint8Array): Value {
  const [tag = 0, first] = bytes;
  if (first === undefined) throw truncated();
  if ((tag & 31) === 31) throw new SyntaxError("asn1: structure error: tag too large");
  let header = 2;
  let length = first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4) throw new SyntaxError("asn1: structure error: bad length");
    length = 0;
    for (; header < 2 + size; header++) length = length * 256 + (bytes[header] ?? NaN);
    if (length < 0x80) throw new SyntaxError("asn1: structure error: non-minimal length");
  }
  const end = header + length;
  if (!(end <= bytes.length)) throw truncated();
  return { tag, content: bytes.subarray(header, end), bytes: bytes.subarray(0, end) };
}

function truncated(): SyntaxError {
  return new SyntaxError("asn1: syntax error: data truncated");
}

/** `1.2.840.113549` of an object identifier's content. */
export function oidOf(value: Value | undefined): string {
  const content = contentOf(value, tags.oid);
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}

// Writing

export function encode(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const length: number[] = [];
  if (content.length < 0x80) length.push(content.length);
  else {
    for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
    length.unshift(0x80 + length.length);
  }
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encode(tags.sequence, ...parts);
}

export function encodeOid(text: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [root * 40 + second, ...rest].flatMap((number) => {
    const groups = [number % 128];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) + 128);
    return groups;
  });
  return encode(tags.oid, Uint8Array.from(bytes));
}

/** UTCTime while it can, as RFC 5280 wants it. `milliseconds` since the epoch. */
export function encodeTime(milliseconds: number): Uint8Array {
  const text = `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return Number(text.slice(0, 4)) < 2050
    ? encode(tags.utcTime, Buffer.from(text.slice(2)))
    : encode(tags.generalizedTime, Buffer.from(text));
}
