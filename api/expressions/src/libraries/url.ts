/** `url("https://example.com:80/path?a=b")`: what Go makes of a URL. */

import { ArrayList } from "@knarr/cel/lists.ts";
import { EntryMap } from "@knarr/cel/maps.ts";
import { member, overload } from "@knarr/cel/libraries/signature.ts";
import type { FunctionDeclaration, Library } from "@knarr/cel/library.ts";
import { BOOL, listOf, mapOf, STRING } from "@knarr/cel/types.ts";
import { Failure, OpaqueValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { isRequestUri, parseGoUrl, parseRequestUri, type GoUrl } from "@knarr/machinery/go-url.ts";
import { URL } from "./kubernetes-types.ts";

class UrlValue extends OpaqueValue {
  readonly type = URL;
  readonly url: GoUrl;

  constructor(url: GoUrl) {
    super();
    this.url = url;
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof UrlValue)) return new Failure("no such overload");
    return JSON.stringify(this.url) === JSON.stringify(other.url);
  }
}

function urlOf(text: string): Outcome {
  try {
    parseRequestUri(text);
    return new UrlValue(parseGoUrl(text));
  } catch (error) {
    const why = (error as SyntaxError).message;
    return new Failure(`URL parse error during conversion from string: ${why}`);
  }
}

/** Without the port, and without the brackets of an IPv6 address. */
const hostname = (host: string): string =>
  unescaped(host)
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");

const port = (host: string): string => /:(\d*)$/.exec(host)?.[1] ?? "";

const unescaped = (text: string): string => {
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return bytes === text ? text : Buffer.from(bytes, "latin1").toString();
};

/** The path with everything escaped that has to be; what is escaped already stays so. */
function escapedPath(path: string): string {
  return path === "*"
    ? path
    : path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@%!'()*[\]]/gu, (character) => encodeURIComponent(character));
}

/** Pairs that cannot be read are left out, as Go does. */
function query(text: string): EntryMap {
  const values = new Map<string, CelValue[]>();
  for (const pair of text.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const equals = pair.indexOf("=");
    const [key, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    if (/%(?![0-9a-fA-F]{2})/.test(pair)) continue;
    values
      .getOrInsertComputed(unescaped(key.replaceAll("+", " ")), () => [])
      .push(unescaped(value.replaceAll("+", " ")));
  }
  return new EntryMap([...values].map(([key, list]) => [key, new ArrayList(list)] as const));
}

function part(name: string, id: string, read: (url: GoUrl) => Outcome): FunctionDeclaration {
  const call = ({ url }: UrlValue): Outcome => read(url);
  return { name, overloads: [member({ id, params: [URL], result: STRING }, call)] };
}

export const url: Library = {
  name: "kubernetes.urls",
  functions: [
    { name: "url", overloads: [overload({ id: "string_to_url", params: [STRING], result: URL }, urlOf)] },
    {
      name: "isURL",
      overloads: [overload({ id: "is_url_string", params: [STRING], result: BOOL }, isRequestUri)],
    },
    part("getScheme", "url_get_scheme", ({ scheme }) => scheme),
    part("getHost", "url_get_host", ({ host }) => unescaped(host)),
    part("getHostname", "url_get_hostname", ({ host }) => hostname(host)),
    part("getPort", "url_get_port", ({ host }) => port(host)),
    part("getEscapedPath", "url_get_escaped_path", ({ path }) => escapedPath(path)),
    {
      name: "getQuery",
      overloads: [
        member(
          { id: "url_get_query", params: [URL], result: mapOf(STRING, listOf(STRING)) },
          ({ url: { query: text } }: UrlValue) => query(text),
        ),
      ],
    },
  ],
};
