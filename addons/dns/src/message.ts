/**
 * DNS messages on the wire (RFC 1035 §4, EDNS0 RFC 6891): reading a query, writing an answer.
 *
 * Our own rather than a library's for two things that no small library does: names are compressed against the question, so that a name keeps the case it
 * was asked in and answers stay below 512 bytes, and what is written is measured, so that what is too long is cut at a whole record.
 */

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;

export const codes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export const CLASS_IN = 1;
/** What we say and take over UDP: fits every path's packets. */
export const UDP_SIZE = 1232;

export interface Query {
  readonly id: number;
  /** Labels in lower case, `_` and all; bytes as Latin-1. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  /** Where the question ends: answers start with a copy of everything up to here. */
  readonly questionEnd: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** Of the OPT record, if there is one. */
  readonly edns?: {
    readonly version: number;
    readonly udpSize: number;
    readonly dnssecOk: boolean;
    /** Cookies and the like, which make every query another. */
    readonly hasOptions: boolean;
  };
}

/** A query, or the code to refuse the message with; undefined for what deserves no answer. */
export function parseQuery(bytes: Buffer): Query | number | undefined {
  if (bytes.length < 12 || bytes[2]! & 0x80) return undefined;
  if ((bytes[2]! >> 3) & 15) return codes.notImplemented;
  if (bytes.readUInt16BE(4) !== 1 || bytes.readUInt16BE(6) !== 0) return codes.formatError;
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > 63 || at + length + 1 > bytes.length) return codes.formatError;
    if (length === 0) break;
    labels.push(bytes.toString("latin1", at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  if (at - 12 > 254 || at + 5 > bytes.length) return codes.formatError;
  const edns = ednsOf(bytes, at + 5);
  return {
    id: bytes.readUInt16BE(0),
    labels,
    type: bytes.readUInt16BE(at + 1),
    class: bytes.readUInt16BE(at + 3),
    questionEnd: at + 5,
    recursionDesired: (bytes[2]! & 1) !== 0,
    checkingDisabled: (bytes[3]! & 0x10) !== 0,
    ...(edns && { edns }),
  };
}

/** In a query the OPT record is, but for rare signatures, all there is after the question. */
function ednsOf(bytes: Buffer, at: number): Query["edns"] {
  if (at + 11 > bytes.length || bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== types.OPT) return undefined;
  return {
    udpSize: Math.max(512, bytes.readUInt16BE(at + 3)),
    version: bytes[at + 6]!,
    dnssecOk: (bytes[at + 7]! & 0x80) !== 0,
    hasOptions: bytes.readUInt16BE(at + 9) > 0,
  };
}

export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: "A" | "AAAA"; readonly address: Uint8Array }
  | { readonly type: "CNAME" | "PTR" | "NS"; readonly target: string }
  | { readonly type: "SRV"; readonly target: string; readonly port: number; readonly weight: number }
  | { readonly type: "TXT"; readonly text: string }
  | {
      readonly type: "SOA";
      readonly host: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly minimum: number;
    }
);

export interface Answer {
  readonly code: number;
  /** From the zone itself, not from somebody we asked. */
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** Left out first when there is too little room. */
  readonly additionals: readonly DnsRecord[];
}

/** The answer to `query`, which came as `bytes`; at most `limit` bytes, marked as cut if not everything fits. */
export function writeAnswer(bytes: Buffer, query: Query, answer: Answer, limit: number): Buffer {
  const full = new Writer(bytes, query, limit);
  if (full.write(answer)) return full.finish(answer, false);
  const bare = new Writer(bytes, query, limit);
  const fits = bare.write({ ...answer, additionals: [] });
  return bare.finish(answer, !fits);
}

/** A message that only says that something is wrong. */
export function writeError(bytes: Buffer, code: number, questionEnd = 12): Buffer {
  const message = Buffer.from(bytes.subarray(0, questionEnd));
  message[2] = 0x80 | (message[2]! & 0x79);
  message[3] = 0x80 | (code & 15);
  message.writeUInt16BE(questionEnd > 12 ? 1 : 0, 4);
  message.fill(0, 6, 12);
  return message;
}

/** The question alone with the mark that the rest is to be had over TCP. */
export function writeTruncated(bytes: Buffer, questionEnd: number): Buffer {
  const message = writeError(bytes, codes.noError, questionEnd);
  message[2]! |= 0x02;
  return message;
}

const OPT_LENGTH = 11;
/** Where answers are written before they are known to be done: one at a time, and the largest record may go over the end of the largest message. */
const scratch = Buffer.allocUnsafeSlow(65_535 + 1024);

class Writer {
  readonly #query: Query;
  readonly #buffer = scratch;
  readonly #limit: number;
  /** Where a name, or the end of one, was written before. */
  readonly #names = new Map<string, number>();
  readonly #counts = { answers: 0, authorities: 0, additionals: 0 };
  #length: number;

  constructor(bytes: Buffer, query: Query, limit: number) {
    this.#query = query;
    this.#limit = limit - (query.edns ? OPT_LENGTH : 0);
    bytes.copy(this.#buffer, 0, 0, query.questionEnd);
    this.#length = query.questionEnd;
    let at = 12;
    for (let first = 0; first < query.labels.length; first++) {
      this.#names.set(query.labels.slice(first).join("."), at);
      at += query.labels[first]!.length + 1;
    }
  }

  /** Whether everything fitted; if not, what did is there. */
  write(answer: Answer): boolean {
    for (const section of ["answers", "authorities", "additionals"] as const) {
      for (const record of answer[section]) {
        const before = this.#length;
        this.#record(record);
        if (this.#length > this.#limit) {
          this.#length = before;
          return false;
        }
        this.#counts[section]++;
      }
    }
    return true;
  }

  finish({ code, authoritative }: Answer, isCut: boolean): Buffer {
    const { edns, recursionDesired, checkingDisabled } = this.#query;
    const buffer = this.#buffer;
    buffer[2] = 0x80 | (authoritative ? 4 : 0) | (isCut ? 2 : 0) | (recursionDesired ? 1 : 0);
    buffer[3] = 0x80 | (checkingDisabled ? 0x10 : 0) | (code & 15);
    buffer.writeUInt16BE(1, 4);
    buffer.writeUInt16BE(this.#counts.answers, 6);
    buffer.writeUInt16BE(this.#counts.authorities, 8);
    buffer.writeUInt16BE(this.#counts.additionals + (edns ? 1 : 0), 10);
    if (edns) {
      buffer.fill(0, this.#length, this.#length + OPT_LENGTH);
      buffer.writeUInt16BE(types.OPT, this.#length + 1);
      buffer.writeUInt16BE(UDP_SIZE, this.#length + 3);
      buffer[this.#length + 5] = code >> 4;
      buffer[this.#length + 7] = edns.dnssecOk ? 0x80 : 0;
      this.#length += OPT_LENGTH;
    }
    return Buffer.from(buffer.subarray(0, this.#length));
  }

  #record(record: DnsRecord): void {
    this.#name(record.name);
    this.#number(types[record.type], 2);
    this.#number(CLASS_IN, 2);
    this.#number(record.ttl, 4);
    const lengthAt = this.#length;
    this.#number(0, 2);
    this.#data(record);
    this.#buffer.writeUInt16BE(this.#length - lengthAt - 2, lengthAt);
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case "A":
      case "AAAA":
        this.#buffer.set(record.address, this.#length);
        this.#length += record.address.length;
        return;
      case "CNAME":
      case "PTR":
      case "NS":
        return this.#name(record.target);
      case "SRV":
        this.#number(0, 2);
        this.#number(record.weight, 2);
        this.#number(record.port, 2);
        return this.#labels(record.target.split(".")); // never compressed: RFC 2782
      case "TXT":
        this.#number(record.text.length, 1);
        this.#length += this.#buffer.write(record.text, this.#length, "latin1");
        return;
      case "SOA":
        this.#name(record.host);
        this.#name(record.mailbox);
        for (const number of [record.serial, 7200, 1800, 86_400, record.minimum]) this.#number(number, 4);
    }
  }

  /** Up to the part that stands somewhere already, and a pointer to that. */
  #name(name: string): void {
    const labels = name === "" ? [] : name.split(".");
    for (let first = 0; first < labels.length; first++) {
      const known = this.#names.get(labels.slice(first).join(".").toLowerCase());
      if (known === undefined) {
        this.#remember(labels.slice(first).join(".").toLowerCase());
        this.#label(labels[first]!);
        continue;
      }
      return this.#number(0xc000 | known, 2);
    }
    this.#number(0, 1);
  }

  #remember(name: string): void {
    if (this.#length < 0x3fff) this.#names.set(name, this.#length);
  }

  #labels(labels: readonly string[]): void {
    for (const label of labels) if (label !== "") this.#label(label);
    this.#number(0, 1);
  }

  #label(label: string): void {
    this.#number(label.length, 1);
    this.#length += this.#buffer.write(label, this.#length, "latin1");
  }

  #number(value: number, size: 1 | 2 | 4): void {
    this.#length = this.#buffer.writeUIntBE(value, this.#length, size);
  }
}
