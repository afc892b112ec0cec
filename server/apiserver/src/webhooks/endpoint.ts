/** Where a WebhookClientConfig points, as it is written: ports that go without saying are kept, because upstream's messages show them. */

import { isIP } from "node:net";
import { formatDuration } from "@knarr/machinery/time.ts";
import { DEFAULT_SERVICE_PORT, serverNameOf, type ServiceReference } from "./service-target.ts";

/** WebhookClientConfig of admissionregistration.k8s.io and apiextensions.k8s.io. */
export interface WebhookClientConfig {
  readonly url?: string | undefined;
  readonly service?: (ServiceReference & { readonly path?: string | undefined }) | undefined;
  /** PEM in base64. Without it, what this system trusts. */
  readonly caBundle?: string | undefined;
}

export interface WebhookEndpoint {
  /** `web.default.svc`, without brackets for IPv6. */
  readonly host: string;
  readonly port: number;
  /** For the `Host` header. */
  readonly authority: string;
  readonly path: string;
  /** What the certificate must be for; empty: the address itself. */
  readonly serverName: string;
}

export function endpointOf({ url, service }: WebhookClientConfig): WebhookEndpoint {
  if (service) {
    const { port = DEFAULT_SERVICE_PORT, path = "" } = service;
    const host = serverNameOf(service);
    return { host, port, authority: `${host}:${port}`, path: rooted(path), serverName: host };
  }
  const match = /^https:\/\/([^/?#]+)([^?#]*)/.exec(url ?? "");
  if (!match) throw new TypeError("webhook configuration must have either service or URL");
  const [, authority = "", path = ""] = match;
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(authority);
  const host = parts?.[1] ?? parts?.[2] ?? authority;
  const port = Number(parts?.[3] ?? DEFAULT_SERVICE_PORT);
  return { host, port, authority, path: rooted(path), serverName: isIP(host) ? "" : host };
}

function rooted(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

/** A duration as Go writes it, rounded up to whole seconds: `10s`, `1m30s`. */
export function timeoutText(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1e9);
}
