/**
 * Addresses in proxied answers, moved below the proxy's own path: an application behind it links to `/x` and knows nothing of
 * `/api/v1/namespaces/…/proxy/x`. Addresses of other hosts, and those relative to the page, are left alone.
 */

/** Where a proxied page is for its client, and what it may call itself. */
export interface Place {
  /** Path of the proxy, without a slash at its end. */
  readonly prefix: string;
  /** `host:port` that mean the server behind: its own, and the one that the client asked. */
  readonly hosts: readonly string[];
  /** Scheme and host that moved addresses get; without it they get none, and are the client's own. */
  readonly base?: string;
}

/** Attributes of HTML that hold addresses. */
const ATTRIBUTES =
  "action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap";

const attribute = new RegExp(`(\\s(?:${ATTRIBUTES})\\s*=\\s*)(?:"([^"]*)"|'([^']*)')`, "gi");

export function movedHtml(html: string, place: Place): string {
  return html.replace(
    attribute,
    (_, before: string, double: string | undefined, single: string | undefined) =>
      double === undefined ? `${before}'${moved(single!, place)}'` : `${before}"${moved(double, place)}"`,
  );
}

/** An address in an attribute or a `Location` header. */
export function moved(address: string, { prefix, hosts, base = "" }: Place): string {
  const [, host, rest = ""] = /^(?:(?:https?:)?\/\/([^/?#]*))?(.*)$/is.exec(address) ?? [];
  if (host !== undefined && !hosts.includes(host)) return address;
  if (!rest.startsWith("/")) return address;
  return base + (rest.startsWith(prefix) ? rest : `${prefix}${rest}`);
}
