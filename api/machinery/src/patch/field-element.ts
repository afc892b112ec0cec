/**
 * Elements of the paths in a field set, in their wire form: `f:name` a field or map key, `k:{"port":80}` a list item by
 * its keys, `v:"x"` a member of a set, `i:0` an index.
 */

import { goJson, quote } from "../quote.ts";

export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** As people read it in conflicts: `.name`, `[port=80,protocol="TCP"]`, `[="x"]`, `[0]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case "f":
      return `.${rest}`;
    case "k": {
      const keys = JSON.parse(rest) as Record<string, unknown>;
      const words = Object.keys(keys)
        .sort()
        .map((name) => `${name}=${valueText(keys[name])}`);
      return `[${words.join(",")}]`;
    }
    case "v":
      return `[=${valueText(JSON.parse(rest))}]`;
    default:
      return `[${rest}]`;
  }
}

export function pathText(path: readonly string[]): string {
  return path.map(elementText).join("");
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(",")}]`;
  if (typeof value !== "object" || value === null)
    return typeof value === "string" ? quote(value) : String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, member]) => `${name}=${valueText(member)}`).join(",");
}

/**
 * The canonical spelling of an element that came from outside; undefined for kinds of elements that nobody knows, which
 * are ignored. Throws SyntaxError for what is no element.
 */
export function canonicalElement(element: string): string | undefined {
  if (element.length < 2) throw new SyntaxError("key must be 2 characters long:");
  if (element[1] !== ":") throw new SyntaxError(`missing colon: ${element}`);
  const rest = element.slice(2);
  switch (element[0]) {
    case "f":
      return element;
    case "v":
      return `v:${goJson(JSON.parse(rest))}`;
    case "k": {
      const keys = JSON.parse(rest) as Record<string, unknown>;
      return `k:${goJson(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))))}`;
    }
    case "i":
      if (!/^-?[0-9]+$/.test(rest)) {
        throw new SyntaxError(`strconv.Atoi: parsing ${quote(rest)}: invalid syntax`);
      }
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}
