/**
 * URLs as Go reads them, which is not as browsers do: nothing is resolved or repaired, hosts are kept as they came, and
 * what is wrong is said in Go's words, because answers quote them: `parse "http://a b": invalid character " " in host name`.
 */

import { parseIp } from "./addresses.ts";
import { quote } from "./quote.ts";

export interface Url {
  readonly scheme: string;
  /** What stands where a path would, without a slash: `mailto:a@b`. */
  readonly opaque: string;
  readonly user: { readonly name: string; readonly password?: string } | undefined;
  /** With the port, without the user. */
  readonly host: string;
  /** Decoded. */
  readonly path: string;
  readonly rawPath: string;
  readonly forceQuery: boolean;
  readonly rawQuery: string;
  readonly fragment: string;
}

/** Any reference, relative ones too. Throws SyntaxError in Go's words. */
export function parseUrl(text: string): Url {
  const hash = text.indexOf("#");
  const main = hash < 0 ? text : text.slice(0, hash);
  const url = framed(main, () => parse(main, { isRequest: false }));
  if (hash < 0) return url;
  return { ...url, fragment: framed(text, () => unescape(text.slice(hash + 1), "fragment")) };
}

/** What may stand in a request line: absolute, or an absolute path. Throws SyntaxError in Go's words. */
export function parseRequestUri(text: string): Url {
  return framed(text, () => parse(text, { isRequest: true }));
}

export function isRequestUri(text: string): boolean {
  try {
    parseRequestUri(text);
    return true;
  } catch {
    return false; // that is the answer
  }
}

/** Host without port and brackets. */
export function hostnameOf({ host }: Url): string {
  const colon = portStart(host);
  const name = colon < 0 ? host : host.slice(0, colon);
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
}

export function portOf({ host }: Url): string {
  const colon = portStart(host);
  return colon < 0 ? "" : host.slice(colon + 1);
}

function portStart(host: string): number {
  const colon = host.lastIndexOf(":");
  return colon >= 0 && /^\d*$/.test(host.slice(colon + 1)) && colon > host.lastIndexOf("]") ? colon : -1;
}

function framed<T>(text: string, read: () => T): T {
  try {
    return read();
  } catch (err) {
    throw new SyntaxError(`parse ${quote(text)}: ${(err as Error).message}`, { cause: err });
  }
}

function parse(text: string, { isRequest }: { readonly isRequest: boolean }): Url {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new SyntaxError("net/url: invalid control character in URL");
  if (text === "" && isRequest) throw new SyntaxError("empty url");
  const none = { scheme: "", opaque: "", user: undefined, host: "", path: "", rawPath: "", fragment: "" };
  if (text === "*") return { ...none, path: "*", rawPath: "*", forceQuery: false, rawQuery: "" };
  const { scheme, rest } = splitScheme(text);
  const { before, rawQuery, forceQuery } = splitQuery(rest);
  const query = { rawQuery, forceQuery };
  let path = before;
  if (!path.startsWith("/")) {
    if (scheme) return { ...none, ...query, scheme, opaque: path };
    if (isRequest) throw new SyntaxError("invalid URI for request");
    const slash = path.indexOf("/");
    const colon = path.indexOf(":");
    if (colon >= 0 && (slash < 0 || colon < slash))
      throw new SyntaxError("first path segment in URL cannot contain colon");
  }
  let authority = { user: undefined as Url["user"], host: "" };
  if ((scheme || (!isRequest && !path.startsWith("///"))) && path.startsWith("//")) {
    const end = path.indexOf("/", 2);
    authority = parseAuthority(end < 0 ? path.slice(2) : path.slice(2, end), scheme);
    path = end < 0 ? "" : path.slice(end);
  }
  return { ...none, ...query, ...authority, scheme, path: unescape(path, "path"), rawPath: path };
}

function splitScheme(text: string): { scheme: string; rest: string } {
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (/[a-zA-Z]/.test(character)) continue;
    if (/[0-9+\-.]/.test(character)) {
      if (i === 0) break;
      continue;
    }
    if (character !== ":") break;
    if (i === 0) throw new SyntaxError("missing protocol scheme");
    return { scheme: text.slice(0, i).toLowerCase(), rest: text.slice(i + 1) };
  }
  return { scheme: "", rest: text };
}

function splitQuery(text: string): { before: string; rawQuery: string; forceQuery: boolean } {
  if (text.endsWith("?") && text.indexOf("?") === text.length - 1)
    return { before: text.slice(0, -1), rawQuery: "", forceQuery: true };
  const mark = text.indexOf("?");
  if (mark < 0) return { before: text, rawQuery: "", forceQuery: false };
  return { before: text.slice(0, mark), rawQuery: text.slice(mark + 1), forceQuery: false };
}

function parseAuthority(authority: string, scheme: string): { user: Url["user"]; host: string } {
  const at = authority.lastIndexOf("@");
  const host = parseHost(authority.slice(at + 1), scheme);
  if (at < 0) return { user: undefined, host };
  const info = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(info)) throw new SyntaxError("net/url: invalid userinfo");
  const colon = info.indexOf(":");
  if (colon < 0) return { user: { name: unescape(info, "user") }, host };
  const name = unescape(info.slice(0, colon), "user");
  return { user: { name, password: unescape(info.slice(colon + 1), "user") }, host };
}

function parseHost(host: string, scheme: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new SyntaxError("invalid IP-literal");
  if (open === 0) return parseLiteral(host);
  // several colons are for databases, which list hosts there
  const isStrict = scheme === "http" || scheme === "https";
  const colon = isStrict ? host.indexOf(":") : host.lastIndexOf(":");
  if (colon >= 0) checkPort(host.slice(colon));
  return unescape(host, "host");
}

/** `[fe80::1%25en0]:80` */
function parseLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw new SyntaxError("missing ']' in host");
  const port = host.slice(close + 1);
  checkPort(port);
  const name = host.slice(1, close);
  const zone = name.indexOf("%25");
  const address = unescape(zone < 0 ? name : name.slice(0, zone), "host");
  const rest = zone < 0 ? "" : unescape(name.slice(zone), "zone");
  const ip = parseIp(address);
  if (!ip) throw new SyntaxError(`invalid host: ParseAddr(${quote(address + rest)}): unable to parse IP`);
  if (!address.includes(":")) throw new SyntaxError("invalid IP-literal");
  return `[${address}${rest}]${port}`;
}

function checkPort(colonPort: string): void {
  if (colonPort !== "" && !/^:\d*$/.test(colonPort))
    throw new SyntaxError(`invalid port ${quote(colonPort)} after host`);
}

type Part = "path" | "fragment" | "user" | "host" | "zone";

function unescape(text: string, part: Part): string {
  let hasEscapes = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === "%") {
      checkEscape(text.slice(i, i + 3), part);
      hasEscapes = true;
      i += 2;
    } else if ((part === "host" || part === "zone") && character < "\u0080" && !IN_HOST.test(character))
      throw new SyntaxError(`invalid character ${quote(character)} in host name`);
  }
  if (!hasEscapes) return text;
  const bytes = Buffer.from(text).toString("latin1");
  const decoded = bytes.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1").toString();
}
const IN_HOST = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/;

function checkEscape(escape: string, part: Part): void {
  const isWhole = /^%[0-9a-fA-F]{2}$/.test(escape);
  if (!isWhole) throw new SyntaxError(`invalid URL escape ${quote(escape)}`);
  const byte = Number.parseInt(escape.slice(1), 16);
  // RFC 6874: a zone is introduced by %25; hosts may carry escaped bytes that are not ASCII
  if (part === "host" && byte < 0x80 && escape !== "%25")
    throw new SyntaxError(`invalid URL escape ${quote(escape)}`);
  const isPlain = escape === "%25" || byte === 0x20 || IN_HOST.test(String.fromCharCode(byte));
  if (part === "zone" && !isPlain) throw new SyntaxError(`invalid URL escape ${quote(escape)}`);
}
