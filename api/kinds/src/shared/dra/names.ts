/** Names that drivers of devices use: of pools, of attributes and capacities, of shares. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { cIdentifier, dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import { validateDriverName } from "../pod/volumes/network.ts";
import { reject } from "../values.ts";

export { validateDriverName };

const MAX_POOL_BYTES = 253;
const MAX_ID_BYTES = 32;
/** A domain, a slash, a name. */
export const MAX_QUALIFIED_NAME = 63 + 1 + MAX_ID_BYTES;

export function checkLabel(name: string | undefined, errors: FieldErrors): void {
  reject(errors, name ?? "", dns1123Label(name ?? ""));
}

export function checkNodeName(name: string, errors: FieldErrors): void {
  reject(errors, name, dns1123Subdomain(name));
}

/** Subdomains with slashes between them. */
export function checkPoolName(name: string | undefined, errors: FieldErrors): void {
  if (!name) return errors.required();
  if (Buffer.byteLength(name) > MAX_POOL_BYTES) errors.tooLong(MAX_POOL_BYTES);
  for (const part of name.split("/")) reject(errors, part, dns1123Subdomain(part));
}

/** `model`, which is the driver's own, or `dra.example.com/model`. Upstream overlooks names with two slashes. */
export function checkQualifiedName(name: string, errors: FieldErrors): void {
  const [domain, id] = name.split("/", 3).length === 2 ? name.split("/") : [undefined, name];
  if (domain === undefined) {
    if (!name.includes("/")) checkIdentifier(name, errors);
    return;
  }
  if (domain === "") errors.invalid("", "the domain must not be empty");
  else validateDriverName(domain, errors);
  if (id === "") errors.invalid("", "the name must not be empty");
  else checkIdentifier(id!, errors);
}

export function checkFullyQualifiedName(name: string, errors: FieldErrors): void {
  checkQualifiedName(name, errors);
  if (!name.includes("/"))
    errors.invalid(name, "a fully qualified name must be a domain and a name separated by a slash");
}

function checkIdentifier(id: string, errors: FieldErrors): void {
  if (Buffer.byteLength(id) > MAX_ID_BYTES) errors.tooLong(MAX_ID_BYTES);
  reject(errors, id, cIdentifier(id));
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function checkUid(uid: string, errors: FieldErrors): void {
  const problem = uuidProblem(uid);
  if (problem) errors.invalid(uid, `error validating uid: ${problem}`);
  else if (uid.length !== 36 || uid !== uid.toLowerCase())
    errors.invalid(
      uid,
      "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters",
    );
}

/** In the words of the library that upstream parses them with, which takes three further spellings. */
function uuidProblem(text: string): string | undefined {
  const length = Buffer.byteLength(text);
  let bare = text;
  if (length === 45) {
    if (text.slice(0, 9).toLowerCase() !== "urn:uuid:")
      return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
    bare = text.slice(9);
  } else if (length === 38) {
    if (!text.startsWith("{") || !text.endsWith("}")) return "invalid bracketed UUID format";
    bare = text.slice(1, -1);
  } else if (length === 32) return /^[0-9a-f]{32}$/i.test(text) ? undefined : "invalid UUID format";
  else if (length !== 36) return `invalid UUID length: ${length}`;
  return uuid.test(bare) ? undefined : "invalid UUID format";
}
