/** Devices as selectors see them: attributes and capacities by domain and name. A domain that a device does not have is empty. */

import { EntryMap } from "@knarr/cel/maps.ts";
import { EvaluationError } from "@knarr/cel/program.ts";
import { MapValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { jsonNumber } from "@knarr/cel/json.ts";
import { quantityOf } from "../libraries/quantity.ts";
import { parseSemver } from "../libraries/semver.ts";

export interface Device {
  readonly driver: string;
  readonly allowMultipleAllocations?: boolean;
  /** DeviceAttribute by qualified name, as ResourceSlice has them. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>;
}

const known = new WeakMap<Device, CelValue>();

/** Throws EvaluationError for an attribute that is none. */
export function deviceValue(device: Device): CelValue {
  return known.getOrInsertComputed(device, made);
}

function made({
  driver,
  allowMultipleAllocations = false,
  attributes = {},
  capacity = {},
}: Device): CelValue {
  return new EntryMap([
    ["driver", driver],
    ["allowMultipleAllocations", allowMultipleAllocations],
    ["attributes", byDomain(attributes, { driver, value: attributeValue })],
    ["capacity", byDomain(capacity, { driver, value: (_, { value }) => quantityOf(value) })],
  ]);
}

function byDomain<T>(
  entries: Readonly<Record<string, T>>,
  { driver, value }: { readonly driver: string; value(name: string, entry: T): CelValue },
): Domains {
  const domains = new Map<string, EntryMap>();
  for (const [name, entry] of Object.entries(entries)) {
    const slash = name.indexOf("/");
    const domain = slash < 0 ? driver : name.slice(0, slash);
    domains.getOrInsertComputed(domain, () => new EntryMap()).set(name.slice(slash + 1), value(name, entry));
  }
  return new Domains(domains);
}

class Domains extends MapValue {
  readonly #domains: ReadonlyMap<string, MapValue>;

  constructor(domains: ReadonlyMap<string, MapValue>) {
    super();
    this.#domains = domains;
  }

  get size(): number {
    return this.#domains.size;
  }

  keys(): Iterable<CelValue> {
    return this.#domains.keys();
  }

  find(key: CelValue): Outcome {
    return this.#domains.get(key as string) ?? EMPTY;
  }

  override includes(key: CelValue): boolean {
    return this.#domains.has(key as string);
  }
}

const EMPTY = new EntryMap();

interface Attribute {
  readonly int?: number | null;
  readonly bool?: boolean | null;
  readonly string?: string | null;
  readonly version?: string | null;
}

function attributeValue(name: string, attribute: unknown): CelValue {
  const { int, bool, string, version } = (attribute ?? {}) as Attribute;
  if (int != null) return jsonNumber(int);
  const value = bool ?? string;
  if (value != null) return value;
  if (version == null) throw new EvaluationError(`attribute ${name}: unsupported attribute value`);
  try {
    return parseSemver(version);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new EvaluationError(`attribute ${name}: parse semantic version: ${error.message}`);
  }
}
