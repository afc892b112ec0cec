/**
 * Bytes that are nearly right: objects of every kind with all their fields, as upstream writes them in JSON, YAML and protobuf (its own fixtures, where they
 * lie beside this repository), and damage to any bytes: cut, doubled, moved, other octets, other lengths.
 */

import { existsSync, readFileSync } from "node:fs";
import { deflateSync, gzipSync } from "node:zlib";
import type { Bytes } from "./bodies.ts";
import type { Random } from "./random.ts";

const FIXTURES = new URL("../../../shared/data/kubernetes-1.36/fixtures/", import.meta.url).pathname;
const FORMS = [
  ["application/json", "json"],
  ["application/yaml", "yaml"],
  ["application/vnd.kubernetes.protobuf", "pb"],
] as const;

/** Undefined where upstream has no fixture of the kind, or nobody has put them there. */
export function fixtureOf(random: Random, { apiVersion, kind }: any): Bytes | undefined {
  const [type, ending] = random.pick(FORMS);
  const [version, group = "core"] = `${apiVersion}`.split("/").reverse();
  const path = `${FIXTURES}${group}.${version}.${kind}.${ending}`;
  return existsSync(path) ? { type, bytes: readFileSync(path) } : undefined;
}

/** Octets that mean something to some reader: ends, lengths, signs, breaks, marks. */
const OCTETS = [0x00, 0x01, 0x0a, 0x22, 0x2d, 0x3a, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xff];

const damages: readonly ((random: Random, bytes: Buffer, at: number) => Buffer)[] = [
  (_, bytes, at) => bytes.subarray(0, at),
  (_, bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes]),
  (random, bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.below(20))]),
  (random, bytes, at) => inserted(bytes, at, bytes.subarray(at, at + random.below(200))),
  (random, bytes, at) => inserted(bytes, at, Buffer.from(random.some(12, () => random.pick(OCTETS)))),
  (random, bytes, at) => replaced(bytes, at, random.pick(OCTETS)),
  (random, bytes, at) => replaced(bytes, at, bytes[at]! ^ (1 << random.below(8))),
  // A length, or a number, that is the longest there is.
  (_, bytes, at) => inserted(bytes, at, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
];

/** With one thing wrong, seldom more. */
export function damaged(random: Random, bytes: Buffer): Buffer {
  let copy = bytes;
  for (let i = random.pick([1, 1, 1, 2, 8]); i > 0 && copy.length > 0; i--)
    copy = random.pick(damages)(random, copy, random.below(copy.length));
  return copy;
}

function inserted(bytes: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}

function replaced(bytes: Buffer, at: number, octet: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = octet;
  return copy;
}

/** Much that is little when it is compressed. */
const BOMB = gzipSync(Buffer.alloc(16 << 20));

/** As clients compress bodies that no API server of Kubernetes unpacks; whole, damaged, or a bomb. */
export function compressed(
  random: Random,
  bytes: Buffer,
): { readonly encoding: string; readonly bytes: Buffer } {
  const encoding = random.pick(["gzip", "gzip", "deflate", "br", "gzip, gzip", "identity", "x"]);
  const whole = random.chance(0.1) ? BOMB : encoding === "deflate" ? deflateSync(bytes) : gzipSync(bytes);
  return { encoding, bytes: random.chance(0.5) ? whole : damaged(random, whole) };
}
