/** Bodies in Kubernetes' protobuf: messages with some of their fields, most of them as their types want them. */

import { message, type MessageField } from "@knarr/schema/messages.ts";
import { texts } from "./hostile.ts";
import type { Random } from "./random.ts";

/** An object of the definition `schema` that says that it is what it likes. */
export function protobufOf(random: Random, { apiVersion, kind }: any, schema: string): Buffer {
  const textOf = (value: unknown): string => `${JSON.stringify(value)}`.replaceAll('"', "");
  return envelope(textOf(apiVersion), textOf(kind), messageOf(random, schema, 0));
}

/** A message with some of its fields, and now and then a wrong wire type. */
function messageOf(random: Random, name: string, depth: number): Buffer {
  const parts: Buffer[] = [];
  for (const [number, field] of message(name).fields) {
    if (!random.chance(depth === 0 ? 0.9 : 0.3)) continue;
    for (let i = field.repeated || field.map ? random.below(3) : 1; i > 0; i--) {
      const value = valueOf(random, field, depth);
      parts.push(
        field.map
          ? bytesField(
              number,
              Buffer.concat([bytesField(1, Buffer.from(random.pick(["a", "b", "", "x/y"]))), value(2)]),
            )
          : value(number),
      );
    }
  }
  return Buffer.concat(parts);
}

function valueOf(random: Random, { type, of }: MessageField, depth: number): (number: number) => Buffer {
  if (random.chance(0.02)) return (number) => numberField(number, BigInt(random.below(1000)));
  if (random.chance(0.02)) return (number) => bytesField(number, Buffer.from(random.pick(texts)));
  switch (type) {
    case "bool":
    case "int32":
    case "int64":
      return (number) =>
        numberField(number, BigInt.asUintN(64, BigInt(Math.trunc(random.pick([0, 1, 2, 80, -1, 2 ** 40])))));
    case "double":
      return (number) => Buffer.concat([varint(BigInt(number * 8 + 1)), Buffer.alloc(8, random.below(256))]);
    case "message":
      return (number) => bytesField(number, depth > 6 ? Buffer.alloc(0) : messageOf(random, of!, depth + 1));
    case "form":
      return (number) => bytesField(number, formOf(random));
    default:
      return (number) =>
        bytesField(number, Buffer.from(random.pick(["a", "sample", "default", "TCP", ...texts])));
  }
}

/** Times, quantities, JSON: all have one or two small fields, and seldom the right ones here. */
function formOf(random: Random): Buffer {
  return Buffer.concat(
    random.some(3, () =>
      random.chance(0.5)
        ? numberField(1 + random.below(3), BigInt(random.below(2 ** 31)))
        : bytesField(
            1 + random.below(3),
            Buffer.from(random.pick(["{}", "1", "5Gi", "null", "[", ...texts])),
          ),
    ),
  );
}

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const type = Buffer.concat([bytesField(1, Buffer.from(apiVersion)), bytesField(2, Buffer.from(kind))]);
  return Buffer.concat([Buffer.from("k8s\0"), bytesField(1, type), bytesField(2, raw)]);
}

function bytesField(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(content.length)), content]);
}

function numberField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(value)]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Buffer.from(bytes);
}
