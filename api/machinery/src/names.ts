/**
 * Rules for names, keys and values: what is wrong with a text, in upstream's words; an empty list when nothing is.
 * The rules know nothing of fields: callers say where the text stood.
 */

export type Problems = readonly string[];
const fine: Problems = Object.freeze([]);

// How the rules are worded

function tooLongText(max: number, unit: "characters" | "bytes" = "characters"): string {
  return `must be no more than ${max} ${unit}`;
}

export function rangeText(low: number | bigint, high: number | bigint): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export function regexText(rule: string, regex: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${rule} (regex used for validation is '${regex}')`;
  const list = examples.map((example) => `'${example}'`).join(",  or ");
  return `${rule} (e.g. ${list}, regex used for validation is '${regex}')`;
}

/** Go counts bytes, not characters. */
function isLonger(text: string, max: number): boolean {
  return text.length > max || (text.length * 3 > max && Buffer.byteLength(text) > max);
}

interface Rule {
  readonly pattern: string;
  readonly says: string;
  readonly examples: readonly string[];
  readonly max?: number;
  /** Upstream's rules of labels speak of bytes, all others of characters; all count bytes. */
  readonly unit?: "bytes";
  readonly case?: "any";
}

/** Most texts are fine: they cost one match and no list. */
function rule(it: Rule): (text: string) => Problems {
  const { pattern, says, examples, max = Infinity, unit } = it;
  const regex = new RegExp(`^(?:${pattern})$`, it.case === "any" ? "i" : "");
  const mismatch = regexText(says, pattern, ...examples);
  return (text) => {
    const matches = regex.test(text);
    if (matches && !isLonger(text, max)) return fine;
    return [...(isLonger(text, max) ? [tooLongText(max, unit)] : []), ...(matches ? [] : [mismatch])];
  };
}

// DNS

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const UNDERSCORED = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_SAYS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

export const dns1123Subdomain = rule({
  pattern: SUBDOMAIN,
  says: SUBDOMAIN_SAYS,
  examples: ["example.com"],
  max: 253,
});

export const dns1123SubdomainWithUnderscore = rule({
  pattern: `${UNDERSCORED}(\\.${UNDERSCORED})*`,
  says: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
  max: 253,
});

export const wildcardDns1123Subdomain = rule({
  pattern: `\\*\\.${SUBDOMAIN}`,
  says: "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  examples: ["*.example.com"],
  max: 253,
});

export const dns1035Label = rule({
  pattern: "[a-z]([-a-z0-9]*[a-z0-9])?",
  says: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ["my-name", "abc-123"],
  max: 63,
});

const labelRegex = new RegExp(`^${LABEL}$`);
const subdomainRegex = new RegExp(`^${SUBDOMAIN}$`);

export function dns1123Label(text: string): Problems {
  const matches = labelRegex.test(text);
  if (matches && !isLonger(text, 63)) return fine;
  const problems = isLonger(text, 63) ? [tooLongText(63)] : [];
  if (!matches) {
    const says =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    const onlyDots = subdomainRegex.test(text);
    problems.push(onlyDots ? "must not contain dots" : regexText(says, LABEL, "my-name", "123-abc"));
  }
  return problems;
}

// Labels and annotations

const KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const KEY_SAYS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const keyRegex = new RegExp(`^${KEY}$`);
const KEY_MISMATCH = regexText(KEY_SAYS, KEY, "MyName", "my.name", "123-abc");

/** A DNS-1123 subdomain where its length is counted in bytes: prefixes of keys, and names in kinds with newer rules. */
export const longName = rule({
  pattern: SUBDOMAIN,
  says: SUBDOMAIN_SAYS,
  examples: ["example.com"],
  max: 253,
  unit: "bytes",
});

export const longNameOfAnyCase = rule({
  pattern: SUBDOMAIN,
  says: "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ["Example.com"],
  max: 253,
  unit: "bytes",
  case: "any",
});

/** Keys of labels and annotations, names of finalizers, condition types: `name` or `dns.prefix/name`. */
export function qualifiedName(text: string): Problems {
  const slash = text.indexOf("/");
  if (slash < 0) return namePart(text, []);
  if (text.indexOf("/", slash + 1) >= 0) {
    return [
      `a valid label key ${KEY_MISMATCH} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const prefix = text.slice(0, slash);
  const problems =
    prefix === "" ? ["prefix part must be non-empty"] : longName(prefix).map((why) => `prefix part ${why}`);
  return namePart(text.slice(slash + 1), problems);
}

function namePart(name: string, problems: string[]): Problems {
  if (name === "") problems.push("name part must be non-empty");
  else if (isLonger(name, 63)) problems.push(`name part ${tooLongText(63, "bytes")}`);
  if (!keyRegex.test(name)) problems.push(`name part ${KEY_MISMATCH}`);
  return problems.length ? problems : fine;
}

export const labelValue = rule({
  pattern: `(${KEY})?`,
  says: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ["MyValue", "my_value", "12345"],
  max: 63,
  unit: "bytes",
});

// Other texts of manifests

export const cIdentifier = rule({
  pattern: "[A-Za-z_][A-Za-z0-9_]*",
  says: "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  examples: ["my_name", "MY_NAME", "MyName"],
});

export const httpHeaderName = rule({
  pattern: "[-A-Za-z0-9]+",
  says: "a valid HTTP header must consist of alphanumeric characters or '-'",
  examples: ["X-Header-Name"],
});

export const percent = rule({
  pattern: "[0-9]+%",
  says: "a valid percent string must be a numeric string followed by an ending '%'",
  examples: ["1%", "93%"],
});

const configMapKeyRule = rule({
  pattern: "[-._a-zA-Z0-9]+",
  says: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ["key.name", "KEY_NAME", "key-name"],
  max: 253,
});

/** Keys of ConfigMaps and Secrets, which become file names. */
export function configMapKey(text: string): Problems {
  return both(configMapKeyRule(text), dotProblems(text));
}

const envVarRule = rule({
  pattern: "[-._a-zA-Z][-._a-zA-Z0-9]*",
  says: "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  examples: ["my.env-name", "MY_ENV.NAME", "MyEnvName1"],
});

export function envVarName(text: string): Problems {
  return both(envVarRule(text), dotProblems(text));
}

/** What containers may use since v1.34: anything printable in ASCII but `=`. */
export function relaxedEnvVarName(text: string): Problems {
  if (text === "") return ["environment variable name must be non-empty"];
  if (/^[ -<>-~]*$/.test(text)) return fine;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

function dotProblems(text: string): Problems {
  if (!text.startsWith(".")) return fine;
  if (text === "." || text === "..") return [`must not be '${text}'`];
  return text.startsWith("..") ? ["must not start with '..'"] : fine;
}

function both(first: Problems, second: Problems): Problems {
  return second.length === 0 ? first : [...first, ...second];
}

export function portName(text: string): Problems {
  const problems: string[] = [];
  if (isLonger(text, 15)) problems.push(tooLongText(15));
  if (!/^[-a-z0-9]+$/.test(text))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) problems.push("must contain at least one letter (a-z)");
  if (text.includes("--")) problems.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems.length ? problems : fine;
}

function inRange(value: number, low: number, high: number): Problems {
  return value >= low && value <= high ? fine : [rangeText(low, high)];
}

export function portNumber(value: number): Problems {
  return inRange(value, 1, 65535);
}

/** User and group ids of Linux: 0 to 2³¹-1. */
export function unixId(value: number): Problems {
  return inRange(value, 0, 2147483647);
}

// Names of objects

export interface NameOptions {
  /** The text is a `generateName`: something will be appended. */
  readonly generateName: boolean;
}

/** What `metadata.name` of a kind must look like; the type of `Resource.name`. */
export type NameRule = (name: string, options: NameOptions) => Problems;

export const nameIsDnsSubdomain: NameRule = (name, options) => dns1123Subdomain(asPrefix(name, options));
/** Prefixes are not looked at: the name that is made of one is. */
export const nameIsLongName: NameRule = (name, { generateName }) => (generateName ? fine : longName(name));
export const nameIsDnsLabel: NameRule = (name, options) => dns1123Label(asPrefix(name, options));
export const nameIsDns1035Label: NameRule = (name, options) => dns1035Label(asPrefix(name, options));

/** Upstream masks a trailing dash of a prefix together with the character before it; so `a--` is refused nowhere. */
function asPrefix(name: string, { generateName }: NameOptions): string {
  return generateName && name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/** Names that only need to fit in a URL path: roles and their bindings. */
export const nameIsPathSegment: NameRule = (name, { generateName }) => {
  if (!generateName && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter((bad) => name.includes(bad)).map((bad) => `may not contain '${bad}'`);
};
