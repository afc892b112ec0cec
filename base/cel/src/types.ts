/**
 * Types of CEL, and the words messages have for them.
 *
 * A type is a value: compare with `isExactly`, never by identity. Names are those of cel-go, because its messages quote them:
 * `timestamp` is called `google.protobuf.Timestamp` where a program asks for a value's type, and `timestamp` where a message of
 * the type checker says what it expected.
 */

export type Kind =
  | "any"
  | "bool"
  | "bytes"
  | "double"
  | "duration"
  | "dyn"
  | "error"
  | "int"
  | "list"
  | "map"
  | "null"
  | "opaque"
  | "param"
  | "string"
  | "struct"
  | "timestamp"
  | "type"
  | "uint";

export interface CelType {
  readonly kind: Kind;
  /** What `type(x)` shows: `int`, `list`, `google.protobuf.Duration`, the name of a struct or of a type parameter. */
  readonly name: string;
  /** Elements of a list; key and value of a map; what an optional or another opaque type is made of. */
  readonly parameters: readonly CelType[];
  /** A wrapper: null is a value of it too. */
  readonly isNullable?: boolean;
}

const NONE: readonly CelType[] = [];
const simple = (kind: Kind, name: string = kind): CelType => ({ kind, name, parameters: NONE });

export const ANY = simple("any", "google.protobuf.Any");
export const BOOL = simple("bool");
export const BYTES = simple("bytes");
export const DOUBLE = simple("double");
export const DURATION = simple("duration", "google.protobuf.Duration");
export const DYN = simple("dyn");
/** Of what did not check; goes with everything, so that one mistake is reported once. */
export const ERROR = simple("error");
export const INT = simple("int");
export const NULL = simple("null", "null_type");
export const STRING = simple("string");
export const TIMESTAMP = simple("timestamp", "google.protobuf.Timestamp");
export const TYPE = simple("type");
export const UINT = simple("uint");

export const listOf = (element: CelType): CelType => ({ kind: "list", name: "list", parameters: [element] });
export const mapOf = (key: CelType, value: CelType): CelType => ({
  kind: "map",
  name: "map",
  parameters: [key, value],
});
export const optionalOf = (value: CelType): CelType => opaque("optional_type", value);
/** The type whose values are types: `type(type(1))`. */
export const typeOfType = (of: CelType): CelType => ({ kind: "type", name: "type", parameters: [of] });
/** A type of values that programs can only hand to functions: a quantity, an IP address, the authorizer. */
export const opaque = (name: string, ...parameters: CelType[]): CelType => ({
  kind: "opaque",
  name,
  parameters,
});
/** A type with fields, which a TypeProvider knows by this name. */
export const struct = (name: string): CelType => simple("struct", name);
/** Stands for any one type in the signature of a function: `T` of `list(T)`. */
export const param = (name: string): CelType => simple("param", name);
export const nullable = (type: CelType): CelType => ({ ...type, isNullable: true });

export const LIST = listOf(DYN);
export const MAP = mapOf(DYN, DYN);

export function isExactly(one: CelType, other: CelType): boolean {
  if (one === other) return true;
  if (one.kind !== other.kind || one.name !== other.name) return false;
  if (one.parameters.length !== other.parameters.length) return false;
  return one.parameters.every((type, index) => isExactly(type, other.parameters[index]!));
}

/** A value whose kind is known only when there is one. */
export const isDynamic = ({ kind }: CelType): boolean => kind === "dyn" || kind === "any";

export const isOptional = ({ kind, name }: CelType): boolean => kind === "opaque" && name === "optional_type";

/** As messages of the type checker write it: `list(string)`, `timestamp`, `wrapper(int)`. */
export function describeType(type: CelType): string {
  const short = SHORT[type.kind];
  if (short !== undefined) return short;
  if (type.kind === "param") return type.name;
  if (type.kind === "opaque" && type.name === "function") {
    const [result, ...parameters] = type.parameters;
    return describeSignature(parameters, { result: result! });
  }
  if (type.parameters.length === 0) return declaredName(type);
  return `${type.name}(${type.parameters.map(describeType).join(", ")})`;
}

const SHORT: Partial<Record<Kind, string>> = {
  any: "any",
  duration: "duration",
  error: "!error!",
  null: "null",
  timestamp: "timestamp",
};

/** `string.(int)` for a member, `(string, int)` for a function, `… -> bool` with a result. */
export function describeSignature(
  types: readonly CelType[],
  { isMember = false, result }: { isMember?: boolean; result?: CelType } = {},
): string {
  const [target, ...rest] = types;
  const words = (list: readonly CelType[]): string => `(${list.map(describeType).join(", ")})`;
  const text = isMember ? `${describeType(target!)}.${words(rest)}` : words(types);
  return result ? `${text} -> ${describeType(result)}` : text;
}

/** As upstream's messages outside the checker write it (`must evaluate to bool but got google.protobuf.Duration`). */
export function typeText(type: CelType): string {
  if (type.kind === "param") return `<${type.name}>`;
  const name = declaredName(type);
  return type.parameters.length === 0 ? name : `${name}(${type.parameters.map(typeText).join(", ")})`;
}

function declaredName(type: CelType): string {
  return type.isNullable && type.kind !== "null" && !isDynamic(type) ? `wrapper(${type.name})` : type.name;
}
