/**
 * A protobuf body with less metadata: what a create may not bring (uid, resourceVersion, …) is cut out of the bytes, and names are made small
 * letters. Everything else stays as it came.
 */

const MAGIC = 4;
/** `Unknown.raw`, the metadata of an object, and in it what stays: name, namespace, labels, annotations. */
const RAW = 2;
const METADATA = 1;
const [NAME, NAMESPACE] = [1, 3];
const KEPT = new Set([NAME, NAMESPACE, 11, 12]);

interface Field {
  readonly number: number;
  /** Of a length-delimited field; undefined for others. */
  readonly content: Buffer | undefined;
  /** With its tag, as it came. */
  readonly whole: Buffer;
}

export function withLittleMetadata(body: Buffer): Buffer {
  const raw = (content: Buffer): Buffer => edited(content, METADATA, littleMetadata);
  return Buffer.concat([body.subarray(0, MAGIC), edited(body.subarray(MAGIC), RAW, raw)]);
}

function littleMetadata(content: Buffer): Buffer {
  const kept = [...fieldsOf(content)].filter(({ number }) => KEPT.has(number));
  return Buffer.concat(
    kept.map(({ number, content, whole }) =>
      number === NAME || number === NAMESPACE
        ? delimited(number, Buffer.from(content!.toString().toLowerCase()))
        : whole,
    ),
  );
}

function edited(message: Buffer, number: number, edit: (content: Buffer) => Buffer): Buffer {
  return Buffer.concat(
    [...fieldsOf(message)].map((field) =>
      field.number === number && field.content ? delimited(number, edit(field.content)) : field.whole,
    ),
  );
}

function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const wire = tag & 7;
    let content: Buffer | undefined;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = varint();
      content = message.subarray(at, (at += length));
    }
    yield { number: Math.floor(tag / 8), content, whole: message.subarray(start, at) };
  }
}

function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}
