/**
 * Paths in proxied answers, moved below the proxy's own path: an application behind it links to `/x` and knows nothing of
 * `/api/v1/namespaces/…/proxy/x`.
 */

/** Attributes of HTML that hold addresses. */
const ATTRIBUTES =
  "action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|profile|src|usemap";

const attribute = new RegExp(`(\\s(?:${ATTRIBUTES})\\s*=\\s*)(?:"([^"]*)"|'([^']*)')`, "gi");

export function movedHtml(html: string, prefix: string): string {
  return html.replace(
    attribute,
    (_, before: string, double: string | undefined, single: string | undefined) =>
      double === undefined ? `${before}'${moved(single!, prefix)}'` : `${before}"${moved(double, prefix)}"`,
  );
}

/** A `Location` header: absolute ones to elsewhere are left alone. */
export function movedLocation(location: string, prefix: string): string {
  return moved(location, prefix);
}

function moved(address: string, prefix: string): string {
  return address.startsWith("/") && !address.startsWith("//") ? `${prefix}${address}` : address;
}
