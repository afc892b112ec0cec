/** `format.dns1123Label().validate(text)`: what is wrong with a text that should be of a form that has a name. */

import { ArrayList } from "@knarr/cel/lists.ts";
import { member, overload } from "@knarr/cel/libraries/signature.ts";
import type { Library } from "@knarr/cel/library.ts";
import { NONE, OptionalValue } from "@knarr/cel/optional.ts";
import { listOf, optionalOf, STRING } from "@knarr/cel/types.ts";
import { Failure, OpaqueValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { parseRequestUri } from "@knarr/machinery/go-url.ts";
import {
  labelValue,
  nameIsDns1035Label,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  qualifiedName,
  type NameRule,
  type Problems,
} from "@knarr/machinery/names.ts";
import { FORMAT } from "./kubernetes-types.ts";

export class FormatValue extends OpaqueValue {
  readonly type = FORMAT;
  readonly name: string;
  /** Costs are told by the length of the longest pattern that stands behind it. */
  readonly patternSize: number;
  readonly problems: (text: string) => Problems;

  constructor(name: string, patternSize: number, problems: (text: string) => Problems) {
    super();
    this.name = name;
    this.patternSize = patternSize;
    this.problems = problems;
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof FormatValue ? this.name === other.name : new Failure("no such overload");
  }
}

const name =
  (rule: NameRule, generateName = false) =>
  (text: string): Problems =>
    rule(text, { generateName });

const matching =
  (pattern: RegExp, problem: string, isGood: (text: string) => boolean = () => true) =>
  (text: string): Problems =>
    pattern.test(text) && isGood(text) ? [] : [problem];

function uri(text: string): Problems {
  try {
    parseRequestUri(text);
    return [];
  } catch (error) {
    return [(error as SyntaxError).message];
  }
}

const isDay = (text: string): boolean => {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  return date.getUTCMonth() === month! - 1 && date.getUTCDate() === day;
};

const DATE = /^\d{4}-\d\d-\d\d$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dt(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/i;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATE_TIME_SIZE = 71;

const formats: Readonly<Record<string, FormatValue>> = {
  dns1123Label: new FormatValue("DNS1123Label", 30, name(nameIsDnsLabel)),
  dns1123Subdomain: new FormatValue("DNS1123Subdomain", 60, name(nameIsDnsSubdomain)),
  dns1035Label: new FormatValue("DNS1035Label", 30, name(nameIsDns1035Label)),
  qualifiedName: new FormatValue("QualifiedName", 60, qualifiedName),
  dns1123LabelPrefix: new FormatValue("DNS1123LabelPrefix", 30, name(nameIsDnsLabel, true)),
  dns1123SubdomainPrefix: new FormatValue("DNS1123SubdomainPrefix", 60, name(nameIsDnsSubdomain, true)),
  dns1035LabelPrefix: new FormatValue("DNS1035LabelPrefix", 30, name(nameIsDns1035Label, true)),
  labelValue: new FormatValue("LabelValue", 40, labelValue),
  uri: new FormatValue("URI", 1103, uri),
  uuid: new FormatValue("uuid", 70, matching(UUID, "does not match the UUID format")),
  byte: new FormatValue(
    "byte",
    84,
    matching(BASE64, "invalid base64", (text) => text !== ""),
  ),
  date: new FormatValue("date", DATE_TIME_SIZE, matching(DATE, "invalid date", isDay)),
  datetime: new FormatValue("datetime", DATE_TIME_SIZE, matching(DATE_TIME, "invalid datetime", isDay)),
};

function validate({ problems }: FormatValue, text: string): Outcome {
  const found = problems(text);
  return found.length === 0 ? NONE : new OptionalValue(new ArrayList(found));
}

export const namedFormats: Library = {
  name: "kubernetes.format",
  functions: [
    {
      name: "validate",
      overloads: [
        member(
          { id: "format-validate", params: [FORMAT, STRING], result: optionalOf(listOf(STRING)) },
          validate,
        ),
      ],
    },
    {
      name: "format.named",
      overloads: [
        overload({ id: "format-named", params: [STRING], result: optionalOf(FORMAT) }, (key: string) =>
          Object.hasOwn(formats, key) ? new OptionalValue(formats[key]!) : NONE,
        ),
      ],
    },
    ...Object.entries(formats).map(([key, format]) => ({
      name: `format.${key}`,
      overloads: [overload({ id: `format.${key}`, params: [], result: FORMAT }, () => format)],
    })),
  ],
};
