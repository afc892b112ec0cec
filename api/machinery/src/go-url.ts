/**
 * URLs as Go reads them, which is how upstream judges what users write: looser than a browser (an empty text is one), and with errors that
 * its messages quote. Nothing is decoded or put into a canonical form.
 *
 *     parseGoUrl("https://u@host:8443/a?b#c")
 *     // { scheme: "https", user: "u", host: "host:8443", path: "/a", query: "b", fragment: "c" }
 */

import { parseIp } from "./addresses.ts";
import { quote } from "./quote.ts";

export interface GoUrl {
  /** In small letters; empty for none. */
  readonly scheme: string;
  /** Undefined without `@`. */
  readonly user: string | undefined;
  /** With its port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** Throws SyntaxError in Go's words. */
export function parseGoUrl(text: string): GoUrl {
  const [before, fragment] = cut(text, "#");
  const url = framed(before, () => parse(before));
  framed(text, () => checkEscapes(fragment));
  return { ...url, fragment };
}

/** What may stand in a request line: absolute, or an absolute path; it has no fragment. Throws SyntaxError in Go's words. */
export function parseRequestUri(text: string): GoUrl {
  return framed(text, () => {
    if (text === "") throw new SyntaxError("empty url");
    const isAbsolute = text === "*" || text.startsWith("/") || SCHEME.test(text);
    if (!isAbsolute && !text.startsWith(":")) {
      refuseControls(text);
      throw new SyntaxError("invalid URI for request");
    }
    // two slashes are a host only behind a scheme
    const isPath = text.startsWith("//");
    const url = isPath ? { ...parse(text.slice(1)), path: text.split("?")[0]! } : parse(text);
    return { ...url, fragment: "" };
  });
}

export function isRequestUri(text: string): boolean {
  try {
    parseRequestUri(text);
    return true;
  } catch {
    return false; // that is the answer
  }
}

function framed<T>(text: string, read: () => T): T {
  try {
    return read();
  } catch (err) {
    throw new SyntaxError(`parse ${quote(text)}: ${(err as Error).message}`, { cause: err });
  }
}

const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/;

function refuseControls(text: string): void {
  if (/[\0-\x1f\x7f]/.test(text)) throw new SyntaxError("net/url: invalid control character in URL");
}

function parse(text: string): Omit<GoUrl, "fragment"> {
  const nothing = { scheme: "", user: undefined, host: "", path: "", query: "" };
  refuseControls(text);
  if (text === "*") return { ...nothing, path: "*" };
  if (text.startsWith(":")) throw new SyntaxError("missing protocol scheme");
  const scheme = SCHEME.exec(text)?.[1] ?? "";
  const [rest, query] = cut(scheme ? text.slice(scheme.length + 1) : text, "?");
  const found = { ...nothing, scheme: scheme.toLowerCase(), query };
  if (!rest.startsWith("/")) {
    if (scheme) return found; // what has no root (`mailto:a`) is opaque
    if (cut(rest, "/")[0].includes(":"))
      throw new SyntaxError("first path segment in URL cannot contain colon");
  }
  if (!rest.startsWith("//") || (!scheme && rest.startsWith("///"))) {
    checkEscapes(rest);
    return { ...found, path: rest };
  }
  const slash = rest.indexOf("/", 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash < 0 ? "" : rest.slice(slash);
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? undefined : authority.slice(0, at);
  const host = authority.slice(at + 1);
  checkHost(host, found.scheme);
  if (user !== undefined && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user))
    throw new SyntaxError("net/url: invalid userinfo");
  checkEscapes(path);
  return { ...found, user, host, path };
}

function checkHost(host: string, scheme: string): void {
  if (host.lastIndexOf("[") > 0) throw new SyntaxError("invalid IP-literal");
  if (host.startsWith("[")) return checkLiteral(host);
  // several colons are for databases, which list hosts there
  const isStrict = scheme === "http" || scheme === "https";
  const colon = isStrict ? host.indexOf(":") : host.lastIndexOf(":");
  checkPort(colon < 0 ? "" : host.slice(colon));
  checkHostText(host);
}

/** `[fe80::1%25en0]:80` */
function checkLiteral(host: string): void {
  const end = host.lastIndexOf("]");
  if (end < 0) throw new SyntaxError("missing ']' in host");
  checkPort(host.slice(end + 1));
  const [address] = cut(host.slice(1, end), "%25");
  checkHostText(host);
  if (!parseIp(address))
    throw new SyntaxError(`invalid host: ParseAddr(${quote(host.slice(1, end))}): unable to parse IP`);
  if (!address.includes(":")) throw new SyntaxError("invalid IP-literal");
}

function checkPort(port: string): void {
  if (!/^(:\d*)?$/.test(port)) throw new SyntaxError(`invalid port ${quote(port)} after host`);
}

function checkHostText(host: string): void {
  checkEscapes(host);
  // Escapes of ASCII are for zones of addresses alone.
  const escape = /%(?!25)[0-7][0-9a-fA-F]/.exec(host);
  if (escape) throw new SyntaxError(`invalid URL escape ${quote(escape[0])}`);
  const bad = /[\0-\x7f](?<![A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%])/.exec(host);
  if (bad) throw new SyntaxError(`invalid character ${quote(bad[0])} in host name`);
}

function checkEscapes(text: string): void {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
  if (bad) throw new SyntaxError(`invalid URL escape ${quote(bad[0])}`);
}

function cut(text: string, separator: string): readonly [before: string, after: string] {
  const i = text.indexOf(separator);
  return i < 0 ? [text, ""] : [text.slice(0, i), text.slice(i + 1)];
}
