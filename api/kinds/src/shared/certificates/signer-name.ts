/** Names of signers: a domain and a path, `example.com/signer`. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";
import { quote } from "@knarr/machinery/quote.ts";

const MAX_DOMAIN = 253;
/** Room for a domain, a slash, a label, a dot and a subdomain. */
const MAX = MAX_DOMAIN + 1 + 63 + 1 + 253;

export function validateSignerName(signerName: string | undefined, errors: FieldErrors): void {
  if (!signerName) return errors.required();
  const [domain = "", path, ...more] = signerName.split("/");
  if (path === undefined || more.length > 0)
    return errors.invalid(
      signerName,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
  if (Buffer.byteLength(domain) > MAX_DOMAIN) errors.tooLong(MAX_DOMAIN);
  const labels = domain.split(".");
  checkFirstBad(domain, labels, { rule: dns1123Label, errors });
  if (labels.length < 2)
    errors.invalid(domain, "should be a domain with at least two segments separated by dots");
  checkFirstBad(path, path.split("."), { rule: dns1123Subdomain, errors });
  if (Buffer.byteLength(signerName) > MAX) errors.tooLong(MAX);
}

/** Those that the Kubernetes project keeps for itself. */
export function isKubernetesSigner(signerName: string): boolean {
  const [host = ""] = signerName.split("/");
  return host === "kubernetes.io" || host.endsWith(".kubernetes.io");
}

/** One bad part is enough: what is wrong with further ones would read the same. */
function checkFirstBad(
  whole: string,
  parts: readonly string[],
  { rule, errors }: { readonly rule: (text: string) => readonly string[]; readonly errors: FieldErrors },
): void {
  const bad = parts.find((part) => rule(part).length > 0);
  if (bad === undefined) return;
  for (const problem of rule(bad)) errors.invalid(whole, `validating label ${quote(bad)}: ${problem}`);
}
