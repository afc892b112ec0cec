/** Where a webhook is, as admission and conversion both write it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { parseGoUrl, type GoUrl } from "@knarr/machinery/go-url.ts";
import { dns1123Subdomain, portNumber } from "@knarr/machinery/names.ts";
import type { ServiceReference, WebhookClientConfig } from "../../generated/admissionregistration-v1.ts";

const FORM = "; desired format: https://host[/path]";

export function defaultClientConfig({ service }: WebhookClientConfig): void {
  if (service) service.port ??= 443;
}

/** One of `url` and `service` must be there: that is the caller's to say, in words of its own. */
export function validateClientConfig({ url, service }: WebhookClientConfig, errors: FieldErrors): void {
  if (url != null) validateUrl(url, errors.at("url"));
  else if (service) validateService(service, errors.at("service"));
}

function validateUrl(text: string, errors: FieldErrors): void {
  let url: GoUrl;
  try {
    url = parseGoUrl(text);
  } catch (err) {
    errors.required(`url must be a valid URL: ${(err as Error).message}${FORM}`);
    return;
  }
  const { scheme, host, user, fragment, query } = url;
  if (scheme !== "https") errors.invalid(scheme, `'https' is the only allowed URL scheme${FORM}`);
  if (host === "") errors.invalid(host, `host must be specified${FORM}`);
  if (user !== undefined) errors.invalid(user, "user information is not permitted in the URL");
  if (fragment) errors.invalid(fragment, "fragments are not permitted in the URL");
  if (query) errors.invalid(query, "query parameters are not permitted in the URL");
}

function validateService({ namespace, name, path, port = 0 }: ServiceReference, errors: FieldErrors): void {
  // Upstream hands the two over in the wrong order: each stands for the other in its findings.
  if (!namespace) errors.at("name").required();
  if (!name) errors.at("namespace").required();
  const problems = portNumber(port);
  if (problems.length > 0) errors.at("port").invalid(port, `port is not valid: ${problems.join(", ")}`);
  if (path != null) validatePath(path, errors.at("path"));
}

function validatePath(path: string, errors: FieldErrors): void {
  if (path === "" || path === "/") return;
  const refuse = (why: string): void => errors.invalid(path, why);
  if (path === "//") return refuse("segment[0] may not be empty");
  if (!path.startsWith("/")) refuse("must start with a '/'");
  // Whatever the first character is, it is taken for the slash.
  const segments = path.slice(1).replace(/\/$/, "").split("/");
  for (const [i, segment] of segments.entries()) {
    if (segment === "") refuse(`segment[${i}] may not be empty`);
    else for (const problem of dns1123Subdomain(segment)) refuse(`segment[${i}]: ${problem}`);
  }
}
