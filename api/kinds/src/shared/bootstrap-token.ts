/**
 * Bootstrap tokens: Secrets in kube-system by which a machine that has nothing else yet can log in, `<id>.<secret>`, and by which it can tell
 * that what it is told of the cluster is true. Whoever reads one of these Secrets reads it here.
 */

import { parseTime } from "@knarr/machinery/time.ts";
import type { Secret } from "../../generated/core-v1.ts";

export const BOOTSTRAP_TOKEN_TYPE = "bootstrap.kubernetes.io/token";
export const BOOTSTRAP_TOKEN_NAMESPACE = "kube-system";
const BOOTSTRAPPERS = "system:bootstrappers";

const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
  /** Milliseconds since the epoch; undefined: never. An unreadable time is long past. */
  readonly expires: number | undefined;
  readonly mayAuthenticate: boolean;
  readonly maySign: boolean;
  /** Sorted, with `system:bootstrappers`; undefined when one of them is no such group. */
  readonly groups: readonly string[] | undefined;
}

/** `abcdef.0123456789abcdef` */
export function splitBootstrapToken(
  token: string,
): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  return id && secret ? { id, secret } : undefined;
}

export function bootstrapTokenKey(id: string): string {
  return `${BOOTSTRAP_TOKEN_NAMESPACE}/bootstrap-token-${id}`;
}

/** Undefined for a Secret that is no bootstrap token. */
export function bootstrapTokenOf({ type, data, metadata }: Secret): BootstrapToken | undefined {
  if (type !== BOOTSTRAP_TOKEN_TYPE || metadata?.namespace !== BOOTSTRAP_TOKEN_NAMESPACE) return undefined;
  const text = (key: string): string => Buffer.from(data?.[key] ?? "", "base64").toString();
  const id = text("token-id");
  if (metadata.name !== `bootstrap-token-${id}`) return undefined;
  return {
    id,
    secret: text("token-secret"),
    expires: expiryOf(text("expiration")),
    mayAuthenticate: text("usage-bootstrap-authentication") === "true",
    maySign: text("usage-bootstrap-signing") === "true",
    groups: groupsOf(text("auth-extra-groups")),
  };
}

function expiryOf(text: string): number | undefined {
  if (!text) return undefined;
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? parseTime(text) : NaN;
  return Number.isNaN(time) ? 0 : time;
}

function groupsOf(text: string): readonly string[] | undefined {
  const extra = text ? text.split(",") : [];
  if (!extra.every((group) => EXTRA_GROUP.test(group))) return undefined;
  return [...new Set([BOOTSTRAPPERS, ...extra])].sort();
}
