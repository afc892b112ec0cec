/**
 * From protobuf tables to methods with an encoder and a decoder. Messages are plain objects on both sides: what is
 * sent may leave out anything, what is received has every scalar, list and map (proto3's defaults) and null for
 * messages that were not sent. 64-bit integers are numbers: times in nanoseconds lose their last few hundred.
 */

import protobuf from "protobufjs/light.js";

export interface Method<I, O> {
  /** `/runtime.v1.RuntimeService/Version` */
  readonly path: string;
  readonly encode: (request: I) => Buffer;
  readonly decode: (bytes: Buffer) => O;
}

/** A message as a sender writes it: any field may be left out. */
export type Sent<T> = T extends Buffer | string | number | boolean | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Sent<Item>[]
    : { readonly [Field in keyof T]?: Sent<T[Field]> };

/** The pair [request, response] of each method, as generated for a service. */
export type Methods<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends [infer I, infer O] ? Method<Sent<I>, O> : never;
};

const TO_OBJECT = {
  enums: String,
  longs: Number,
  bytes: Buffer,
  defaults: true,
  arrays: true,
  objects: true,
};

export interface Codec<T> {
  encode(message: Sent<T>): Buffer;
  decode(bytes: Uint8Array): T;
}

export class MessageTable {
  readonly #root: protobuf.Root;

  /** `descriptor` is protobufjs' JSON form of a set of .proto files. */
  constructor(descriptor: object) {
    this.#root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace);
  }

  codec<T>(name: string): Codec<T> {
    return codecOf<T>(this.#root.lookupType(name));
  }

  /** Every method of a service, made when first used: most callers need a few of many. */
  methods<Service>(name: string): Methods<Service> {
    const service = this.#root.lookupService(name);
    const made = new Map<string, Method<unknown, unknown>>();
    return new Proxy({} as Methods<Service>, {
      get: (_, method) => made.getOrInsertComputed(String(method), () => methodOf(service, String(method))),
    });
  }
}

function methodOf(service: protobuf.Service, name: string): Method<unknown, unknown> {
  const method = service.methods[name];
  if (!method) throw new RangeError(`Cannot call ${service.fullName}/${name}: there is no such method`);
  method.resolve();
  const request = codecOf<unknown>(method.resolvedRequestType!);
  const response = codecOf<unknown>(method.resolvedResponseType!);
  return {
    path: `/${service.fullName.slice(1)}/${name}`,
    encode: (message) => request.encode(message as Sent<unknown>),
    decode: (bytes) => response.decode(bytes),
  };
}

function codecOf<T>(type: protobuf.Type): Codec<T> {
  return {
    encode(message) {
      const bytes = type.encode(type.fromObject(message as object)).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes) => type.toObject(type.decode(bytes), TO_OBJECT) as T,
  };
}
