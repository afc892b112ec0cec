/** What type `device` has, and how large what it holds can be. */

import type { Range, SizeEstimator } from "@knarr/cel/estimate.ts";
import { ANY, BOOL, mapOf, STRING, struct } from "@knarr/cel/types.ts";
import { QUANTITY } from "../libraries/kubernetes-types.ts";
import { StructTypes } from "../struct-types.ts";

export const DEVICE = struct("kubernetes.DRADevice");

export const deviceTypes = new StructTypes({
  [DEVICE.name]: {
    driver: STRING,
    attributes: mapOf(STRING, mapOf(STRING, ANY)),
    capacity: mapOf(STRING, mapOf(STRING, QUANTITY)),
    allowMultipleAllocations: BOOL,
  },
});

/** Characters of a text, or entries of a map. */
interface Size {
  readonly most: number;
  readonly fields?: Readonly<Record<string, Size>>;
  readonly key?: Size;
  readonly value?: Size;
}

const ENTRIES = 32;
const domain: Size = { most: 63 };
const id: Size = { most: 32 };
const attribute: Size = { most: 64 };
const byDomain = (value: Size): Size => ({
  most: ENTRIES,
  key: domain,
  value: { most: ENTRIES, key: id, value },
});

const device: Size = {
  most: 0,
  fields: {
    driver: { most: 63 },
    attributes: byDomain(attribute),
    capacity: byDomain({ most: 0 }),
    allowMultipleAllocations: { most: 1 },
  },
};

export const deviceSizes: SizeEstimator = {
  size({ path = [] }): Range | undefined {
    if (path[0] !== "device") return undefined;
    let size: Size | undefined = device;
    for (const step of path.slice(1)) {
      size = stepOf(size, step);
      if (!size) return undefined;
    }
    return { min: 0n, max: BigInt(size.most) };
  },
};

/** An attribute is as large under a name (`.model`) as under a key. */
function stepOf({ fields, key, value }: Size, step: string): Size | undefined {
  if (step === "@items" || step === "@values") return value;
  if (step === "@keys") return key;
  if (fields && Object.hasOwn(fields, step)) return fields[step];
  return value === attribute ? attribute : undefined;
}
