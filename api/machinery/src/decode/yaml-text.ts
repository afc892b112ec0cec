/**
 * The characters of a YAML body as Go's reader takes them: UTF-8, or UTF-16 when it begins with a byte order mark, without control characters. What is no
 * text is refused in its words, and not mended with U+FFFD.
 */

import { isUtf8 } from "node:buffer";

const UTF16_LITTLE = 0xfffe;
const UTF16_BIG = 0xfeff;
const NOT_ALLOWED = /[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** Throws SyntaxError. */
export function yamlTextOf(bytes: Uint8Array): string {
  const text = decoded(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).replace(/^\ufeff/, "");
  if (NOT_ALLOWED.test(text)) throw new SyntaxError("yaml: control characters are not allowed");
  return text;
}

function decoded(bytes: Buffer): string {
  const mark = bytes.length > 1 ? bytes.readUInt16BE(0) : 0;
  if (mark === UTF16_LITTLE) return bytes.toString("utf16le");
  if (mark === UTF16_BIG) {
    if (bytes.length % 2) throw new SyntaxError("yaml: incomplete UTF-16 character");
    return Buffer.from(bytes).swap16().toString("utf16le");
  }
  if (!isUtf8(bytes)) throw new SyntaxError(`yaml: ${problemIn(bytes)}`);
  return bytes.toString();
}

/** Of the first sequence that is no UTF-8. */
function problemIn(bytes: Buffer): string {
  for (let at = 0; at < bytes.length;) {
    const width = widthOf(bytes[at]!);
    if (width === 0) return "invalid leading UTF-8 octet";
    const sequence = bytes.subarray(at, at + width);
    if (sequence.length < width) return "incomplete UTF-8 octet sequence";
    if (sequence.subarray(1).some((octet) => (octet & 0xc0) !== 0x80)) return "invalid trailing UTF-8 octet";
    if (!isUtf8(sequence)) return "invalid Unicode character";
    at += width;
  }
  return "invalid UTF-8";
}

/** How many octets a sequence has that begins so; 0 for what begins none. */
function widthOf(octet: number): number {
  if (octet < 0x80) return 1;
  if (octet < 0xc0 || octet > 0xf7) return 0;
  return octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}
