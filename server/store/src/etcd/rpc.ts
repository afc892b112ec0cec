/**
 * The part of etcd's v3 protocol that a store needs: which messages there are, which fields with which numbers, and methods made of them.
 *
 * 64-bit numbers are numbers here: revisions and leases of this store's own stay below 2^53, and others' leases are not looked at.
 */

import protobuf from "protobufjs/light.js";

export interface Method<I, O> {
  readonly path: string;
  readonly encode: (request: I) => Buffer;
  readonly decode: (bytes: Buffer) => O;
}

export interface Header {
  readonly revision: number;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How often the key has been written since it was made. */
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

export interface RangeRequest {
  readonly key: Buffer;
  /** First key no longer wanted; absent: the one key alone. */
  readonly rangeEnd?: Buffer;
  readonly limit?: number;
  /** 0 or absent: now, and nobody has seen anything newer. */
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResponse {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  /** Of the whole range, whatever the limit. */
  readonly count: number;
}

export interface Compare {
  readonly key: Buffer;
  readonly target: "VERSION" | "MOD";
  readonly version?: number;
  readonly modRevision?: number;
}

export interface Operation {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: { readonly key: Buffer; readonly value: Uint8Array; readonly lease?: number };
  readonly requestDeleteRange?: { readonly key: Buffer; readonly prevKv: true };
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export interface TxnResponse {
  readonly header: Header;
  readonly succeeded: boolean;
  readonly responses: readonly {
    readonly responseRange: RangeResponse | null;
    readonly responseDeleteRange: { readonly prevKvs: readonly KeyValue[] } | null;
  }[];
}

export interface WatchRequest {
  readonly createRequest: {
    readonly key: Buffer;
    readonly rangeEnd: Buffer;
    readonly startRevision: number;
    readonly prevKv: boolean;
  };
}

export interface WatchResponse {
  readonly header: Header;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: the watch began before it, and is over. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly events: readonly {
    readonly type: "PUT" | "DELETE";
    readonly kv: KeyValue;
    readonly prevKv: KeyValue | null;
  }[];
}

type Row = readonly [field: string, number: number, type: string, rule?: "repeated"];

const messages: Readonly<Record<string, readonly Row[]>> = {
  ResponseHeader: [["revision", 3, "int64"]],
  KeyValue: [
    ["key", 1, "bytes"],
    ["createRevision", 2, "int64"],
    ["modRevision", 3, "int64"],
    ["version", 4, "int64"],
    ["value", 5, "bytes"],
    ["lease", 6, "int64"],
  ],
  Event: [
    ["type", 1, "EventType"],
    ["kv", 2, "KeyValue"],
    ["prevKv", 3, "KeyValue"],
  ],
  RangeRequest: [
    ["key", 1, "bytes"],
    ["rangeEnd", 2, "bytes"],
    ["limit", 3, "int64"],
    ["revision", 4, "int64"],
    ["keysOnly", 8, "bool"],
    ["countOnly", 9, "bool"],
  ],
  RangeResponse: [
    ["header", 1, "ResponseHeader"],
    ["kvs", 2, "KeyValue", "repeated"],
    ["count", 4, "int64"],
  ],
  PutRequest: [
    ["key", 1, "bytes"],
    ["value", 2, "bytes"],
    ["lease", 3, "int64"],
  ],
  DeleteRangeRequest: [
    ["key", 1, "bytes"],
    ["rangeEnd", 2, "bytes"],
    ["prevKv", 3, "bool"],
  ],
  DeleteRangeResponse: [["prevKvs", 3, "KeyValue", "repeated"]],
  RequestOp: [
    ["requestRange", 1, "RangeRequest"],
    ["requestPut", 2, "PutRequest"],
    ["requestDeleteRange", 3, "DeleteRangeRequest"],
  ],
  ResponseOp: [
    ["responseRange", 1, "RangeResponse"],
    ["responseDeleteRange", 3, "DeleteRangeResponse"],
  ],
  Compare: [
    ["target", 2, "CompareTarget"],
    ["key", 3, "bytes"],
    ["version", 4, "int64"],
    ["modRevision", 6, "int64"],
  ],
  TxnRequest: [
    ["compare", 1, "Compare", "repeated"],
    ["success", 2, "RequestOp", "repeated"],
    ["failure", 3, "RequestOp", "repeated"],
  ],
  TxnResponse: [
    ["header", 1, "ResponseHeader"],
    ["succeeded", 2, "bool"],
    ["responses", 3, "ResponseOp", "repeated"],
  ],
  CompactionRequest: [["revision", 1, "int64"]],
  WatchCreateRequest: [
    ["key", 1, "bytes"],
    ["rangeEnd", 2, "bytes"],
    ["startRevision", 3, "int64"],
    ["prevKv", 6, "bool"],
  ],
  WatchRequest: [["createRequest", 1, "WatchCreateRequest"]],
  WatchResponse: [
    ["header", 1, "ResponseHeader"],
    ["created", 3, "bool"],
    ["canceled", 4, "bool"],
    ["compactRevision", 5, "int64"],
    ["cancelReason", 6, "string"],
    ["events", 11, "Event", "repeated"],
  ],
  LeaseGrantRequest: [
    ["seconds", 1, "int64"],
    ["id", 2, "int64"],
  ],
  LeaseRevokeRequest: [["id", 1, "int64"]],
  Empty: [],
  StatusResponse: [["dbSize", 3, "int64"]],
};

const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  EventType: { PUT: 0, DELETE: 1 },
  CompareTarget: { VERSION: 0, MOD: 2 },
};

const root = protobuf.Root.fromJSON({
  nested: {
    ...Object.fromEntries(Object.entries(enums).map(([name, values]) => [name, { values }])),
    ...Object.fromEntries(
      Object.entries(messages).map(([name, rows]) => [
        name,
        { fields: Object.fromEntries(rows.map(([field, id, type, rule]) => [field, { id, type, rule }])) },
      ]),
    ),
  },
} as protobuf.INamespace);

const TO_OBJECT = { enums: String, longs: Number, bytes: Buffer, defaults: true, arrays: true };

function method<I, O>(path: string, request: string, response: string): Method<I, O> {
  const [sent, received] = [root.lookupType(request), root.lookupType(response)];
  return {
    path: `/etcdserverpb.${path}`,
    encode(message) {
      const bytes = sent.encode(sent.fromObject(message as object)).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes) => received.toObject(received.decode(bytes), TO_OBJECT) as O,
  };
}

export const range = method<RangeRequest, RangeResponse>("KV/Range", "RangeRequest", "RangeResponse");
export const txn = method<TxnRequest, TxnResponse>("KV/Txn", "TxnRequest", "TxnResponse");
export const compact = method<{ readonly revision: number }, object>(
  "KV/Compact",
  "CompactionRequest",
  "Empty",
);
export const deleteRange = method<{ readonly key: Buffer; readonly rangeEnd: Buffer }, object>(
  "KV/DeleteRange",
  "DeleteRangeRequest",
  "Empty",
);
export const watch = method<WatchRequest, WatchResponse>("Watch/Watch", "WatchRequest", "WatchResponse");
export const leaseGrant = method<{ readonly seconds: number; readonly id: number }, object>(
  "Lease/LeaseGrant",
  "LeaseGrantRequest",
  "Empty",
);
export const leaseRevoke = method<{ readonly id: number }, object>(
  "Lease/LeaseRevoke",
  "LeaseRevokeRequest",
  "Empty",
);
export const status = method<object, { readonly dbSize: number }>(
  "Maintenance/Status",
  "Empty",
  "StatusResponse",
);
