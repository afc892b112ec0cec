/**
 * SPDY/3.1 frames on the wire (SPDY Protocol Draft 3.1, §2.2). Pure: bytes to values and back; header blocks stay compressed here.
 *
 *     control  1 | version 15 | type 16 | flags 8 | length 24 | payload
 *     data     0 | stream id 31        | flags 8 | length 24 | payload
 *
 * The parser gives the payload of a data frame in the pieces in which it arrives, so that nobody has to hold a frame of 16 MB.
 */

const FLAG_FIN = 1;

export const types = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const resetCodes = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;

/** Of SETTINGS entries. */
export const INITIAL_WINDOW_SIZE = 7;

export type Frame =
  | { readonly type: "data"; readonly streamId: number; readonly data: Buffer; readonly fin: boolean }
  | { readonly type: "synStream"; readonly streamId: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "synReply"; readonly streamId: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "headers"; readonly streamId: number; readonly block: Buffer; readonly fin: boolean }
  | { readonly type: "rstStream"; readonly streamId: number; readonly code: number }
  | { readonly type: "settings"; readonly values: ReadonlyMap<number, number> }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number; readonly code: number }
  | { readonly type: "windowUpdate"; readonly streamId: number; readonly delta: number }
  | { readonly type: "unknown" };

/** Control frames are small; a bigger one is an attack or a mistake. */
const MAX_CONTROL_LENGTH = 1 << 20;

/** Gathers bytes into frames. Throws SyntaxError for what is not SPDY/3. */
export class FrameParser {
  #buffered: Buffer[] = [];
  #length = 0;
  /** Of the data frame whose payload is still coming. */
  #data: { streamId: number; fin: boolean; missing: number } | undefined;

  *push(chunk: Buffer): Generator<Frame> {
    this.#buffered.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#data) {
        if (this.#length === 0) return;
        yield this.#takeData(this.#data);
        continue;
      }
      if (this.#length < 8) return;
      const head = this.#peek(8);
      const length = head.readUIntBE(5, 3);
      if (!(head[0]! & 0x80)) {
        this.#take(8);
        const streamId = head.readUInt32BE(0);
        const fin = (head[4]! & FLAG_FIN) !== 0;
        if (length === 0) yield { type: "data", streamId, data: Buffer.alloc(0), fin };
        else this.#data = { streamId, fin, missing: length };
        continue;
      }
      if (length > MAX_CONTROL_LENGTH)
        throw new SyntaxError(`SPDY control frame of ${length} bytes is too big`);
      if (this.#length < 8 + length) return;
      yield parseControl(this.#take(8 + length));
    }
  }

  #takeData(data: { streamId: number; fin: boolean; missing: number }): Frame {
    const piece = this.#take(Math.min(data.missing, this.#buffered[0]!.length));
    data.missing -= piece.length;
    const isLast = data.missing === 0;
    if (isLast) this.#data = undefined;
    return { type: "data", streamId: data.streamId, data: piece, fin: data.fin && isLast };
  }

  #peek(length: number): Buffer {
    if (this.#buffered[0]!.length < length) this.#buffered = [Buffer.concat(this.#buffered)];
    return this.#buffered[0]!;
  }

  #take(length: number): Buffer {
    const first = this.#peek(length);
    if (first.length === length) this.#buffered.shift();
    else this.#buffered[0] = first.subarray(length);
    this.#length -= length;
    return first.subarray(0, length);
  }
}

function parseControl(frame: Buffer): Frame {
  const version = frame.readUInt16BE(0) & 0x7fff;
  if (version !== 3) throw new SyntaxError(`SPDY version ${version} is not supported: wanted is 3`);
  const type = frame.readUInt16BE(2);
  const fin = (frame[4]! & FLAG_FIN) !== 0;
  const body = frame.subarray(8);
  const least = smallest[type];
  if (least === undefined) return { type: "unknown" };
  if (body.length < least) throw new SyntaxError(`SPDY control frame of type ${type} is too short`);
  const id = body.readUInt32BE(0) & 0x7fffffff;
  switch (type) {
    case types.synStream:
      return { type: "synStream", streamId: id, block: body.subarray(10), fin };
    case types.synReply:
      return { type: "synReply", streamId: id, block: body.subarray(4), fin };
    case types.headers:
      return { type: "headers", streamId: id, block: body.subarray(4), fin };
    case types.rstStream:
      return { type: "rstStream", streamId: id, code: body.readUInt32BE(4) };
    case types.ping:
      return { type: "ping", id: body.readUInt32BE(0) };
    case types.goAway:
      return { type: "goAway", lastStreamId: id, code: body.readUInt32BE(4) };
    case types.windowUpdate:
      return { type: "windowUpdate", streamId: id, delta: body.readUInt32BE(4) & 0x7fffffff };
    default:
      return { type: "settings", values: parseSettings(body) };
  }
}

const smallest: Readonly<Record<number, number>> = {
  [types.synStream]: 10,
  [types.synReply]: 4,
  [types.rstStream]: 8,
  [types.settings]: 4,
  [types.ping]: 4,
  [types.goAway]: 8,
  [types.headers]: 4,
  [types.windowUpdate]: 8,
};

function parseSettings(body: Buffer): Map<number, number> {
  const values = new Map<number, number>();
  const count = Math.min(body.readUInt32BE(0), Math.floor((body.length - 4) / 8));
  for (let entry = 0; entry < count; entry++)
    values.set(body.readUIntBE(5 + entry * 8, 3), body.readUInt32BE(8 + entry * 8));
  return values;
}

/** Only the head: the payload is written after it, uncopied. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId, 0);
  head[4] = fin ? FLAG_FIN : 0;
  head.writeUIntBE(length, 5, 3);
  return head;
}

export function synStream(streamId: number, block: Buffer): Buffer {
  return control(types.synStream, [streamId, 0], Buffer.concat([Buffer.alloc(2), block]));
}

export function synReply(streamId: number, block: Buffer): Buffer {
  return control(types.synReply, [streamId], block);
}

export function rstStream(streamId: number, code: number): Buffer {
  return control(types.rstStream, [streamId, code]);
}

export function ping(id: number): Buffer {
  return control(types.ping, [id]);
}

export function goAway(lastStreamId: number, code: number): Buffer {
  return control(types.goAway, [lastStreamId, code]);
}

export function windowUpdate(streamId: number, delta: number): Buffer {
  return control(types.windowUpdate, [streamId, delta]);
}

function control(type: number, numbers: readonly number[], rest: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(8 + numbers.length * 4);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUIntBE(numbers.length * 4 + rest.length, 5, 3);
  numbers.forEach((number, index) => head.writeUInt32BE(number, 8 + index * 4));
  return Buffer.concat([head, rest]);
}
