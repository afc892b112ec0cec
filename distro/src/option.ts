/**
 * Options as rows of a table: flag, environment variable, config file key, help and type are all read off one row.
 *
 *     const options = { "https-port": option.number({ value: 6443, help: "…" }) } as const;
 *     parseOptions(options, { argv: ["--https-port=7443"], env: {}, file: {} })   // { "https-port": 7443 }
 *
 * A flag wins over the environment, the environment over the file, the file over the default. Whatever is not understood is a
 * UsageError that quotes it, says where it came from, and what is wanted; nothing is ever ignored.
 */

export interface Option<T> {
  readonly value: T;
  readonly help: string;
  /** How the value is shown in help: `PATH`, `CIDR`, …; absent for switches. */
  readonly placeholder?: string;
  readonly short?: string;
  readonly group: string;
  /** Reads text. Throws SyntaxError that says what is wanted. */
  parse(text: string): T;
}

interface Row<T> {
  readonly value: T;
  readonly help: string;
  readonly group: string;
  readonly short?: string;
  readonly placeholder?: string;
}

export const option = {
  text: (row: Row<string>): Option<string> => ({ placeholder: "TEXT", ...row, parse: (text) => text }),
  path: (row: Row<string>): Option<string> => ({ placeholder: "PATH", ...row, parse: absolute }),
  number: (row: Row<number>): Option<number> => ({ placeholder: "NUMBER", ...row, parse: wholeNumber }),
  port: (row: Row<number>): Option<number> => ({ placeholder: "PORT", ...row, parse: port }),
  list: (row: Row<readonly string[]>): Option<readonly string[]> => ({
    placeholder: "A,B,…",
    ...row,
    parse: words,
  }),
  choices: <C extends string>(choices: readonly C[], row: Row<readonly C[]>): Option<readonly C[]> => ({
    placeholder: choices.join(","),
    ...row,
    parse: (text) => words(text).map((word) => oneOf(choices, word)),
  }),
  /** Names that are switched on or off, each as `name=true` or `name=false`. */
  switches: (row: Row<readonly string[]>): Option<readonly string[]> => ({
    placeholder: "A=true,B=false,…",
    ...row,
    parse: (text) => words(text).map(switched),
  }),
  cidr: (row: Row<string>): Option<string> => ({ placeholder: "CIDR", ...row, parse: cidr }),
  address: (row: Row<string>): Option<string> => ({ placeholder: "IP", ...row, parse: address }),
  flag: (row: Row<boolean>): Option<boolean> => ({ ...row, parse: boolean }),
};

export type Options = Readonly<Record<string, Option<any>>>;
export type Parsed<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** Bad words on the command line, in the environment or in the config file. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface Sources {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly values: Readonly<Record<string, unknown>> };
}

/** The options' values, and the words that belong to none of them. */
export function parseOptions<O extends Options>(
  options: O,
  sources: Sources,
): { values: Parsed<O>; words: string[] } {
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [name, value]),
  );
  const set = (name: string, text: string, source: string): void => {
    try {
      values[name] = options[name]!.parse(text);
    } catch (err) {
      throw new UsageError(`Cannot use ${source} ${shown(text)}: ${(err as Error).message}`);
    }
  };
  for (const [key, value] of Object.entries(sources.file?.values ?? {})) {
    if (!Object.hasOwn(options, key))
      throw new UsageError(
        `Cannot use ${sources.file!.path}: there is no option ${shown(key)}${hint(options, key)}`,
      );
    const source = `${sources.file!.path}: ${key}`;
    if (value !== null) set(key, textOf(value, source), source); // a name with nothing behind it says nothing
  }
  for (const name of Object.keys(options)) {
    const text = sources.env?.[variableOf(name)];
    if (text !== undefined) set(name, text, variableOf(name));
  }
  const words = parseFlags(options, sources.argv, set);
  return { values: values as Parsed<O>, words };
}

/** What stands behind a name in the config file, as a flag would have it. */
function textOf(value: unknown, source: string): string {
  const words = Array.isArray(value) ? value : [value];
  const odd = words.find((word) => !["string", "number", "boolean"].includes(typeof word));
  if (odd === undefined) return words.join(",");
  throw new UsageError(`Cannot use ${source} ${shown(odd)}: must be one value, or a list of them`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** For a command that takes none. */
export function refuseWords(command: string, words: readonly string[]): void {
  if (words.length)
    throw new UsageError(
      `Cannot understand ${JSON.stringify(words[0])}: \`knarr ${command}\` takes options only`,
    );
}

/** `https-port` is KNARR_HTTPS_PORT. */
export function variableOf(name: string): string {
  return `KNARR_${name.toUpperCase().replaceAll("-", "_")}`;
}

function parseFlags(
  options: Options,
  argv: readonly string[],
  set: (name: string, text: string, source: string) => void,
): string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") return [...words, ...argv.slice(i + 1)];
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const [flag = "", inline] = split(word);
    const name = flag.startsWith("--")
      ? flag.slice(2)
      : Object.keys(options).find((n) => options[n]!.short === flag.slice(1));
    const known = name !== undefined && Object.hasOwn(options, name) ? options[name] : undefined;
    if (!known)
      throw new UsageError(
        `Cannot understand ${JSON.stringify(word)}: there is no such option${hint(options, flag.slice(2))}`,
      );
    if (inline !== undefined) set(name!, inline, flag);
    else if (known.placeholder === undefined) set(name!, "true", flag);
    else if (i + 1 < argv.length) set(name!, argv[++i]!, flag);
    else throw new UsageError(`Cannot use ${flag}: it wants a value (${known.placeholder})`);
  }
  return words;
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** `; did you mean --data-dir?` when one option looks like what was typed. */
function hint(options: Options, typed: string): string {
  const near = Object.keys(options).find(
    (name) => typed.length > 2 && (name.includes(typed) || typed.includes(name)),
  );
  return near ? `; did you mean --${near}?` : "";
}

function words(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new SyntaxError("must be a whole number");
  return Number(text);
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 65535) throw new SyntaxError("must be a port, 1 to 65535");
  return value;
}

function absolute(text: string): string {
  if (!text.startsWith("/")) throw new SyntaxError("must be an absolute path");
  return text.length > 1 ? text.replace(/\/+$/, "") : text;
}

function boolean(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new SyntaxError("must be true or false");
}

function oneOf<C extends string>(choices: readonly C[], word: string): C {
  const found = choices.find((choice) => choice === word);
  if (!found) throw new SyntaxError(`must be of ${choices.join(", ")}`);
  return found;
}

/** A name alone is on. */
function switched(word: string): string {
  const [, name, value = "true"] = /^([^=]+)(?:=(true|false))?$/.exec(word) ?? [];
  if (!name) throw new SyntaxError("must be of NAME=true and NAME=false");
  return `${name}=${value}`;
}

function isAddress(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

function address(text: string): string {
  if (text !== "" && !isAddress(text)) throw new SyntaxError("must be an IPv4 address such as 192.0.2.10");
  return text;
}

function cidr(text: string): string {
  const [ip = "", length = ""] = text.split("/");
  if (!isAddress(ip) || !/^\d{1,2}$/.test(length) || Number(length) > 30 || Number(length) < 8) {
    throw new SyntaxError("must be an IPv4 network such as 10.42.0.0/16");
  }
  return text;
}
