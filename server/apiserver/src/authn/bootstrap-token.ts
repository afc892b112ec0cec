/**
 * Bootstrap tokens as a way to log in: `system:bootstrap:<id>`, in the groups that its Secret names. What is wrong with a token is nobody's
 * business: it is then no token of this sort.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "@knarr/kinds/generated/core-v1.ts";
import { bootstrapTokenOf, splitBootstrapToken } from "@knarr/kinds/shared/bootstrap-token.ts";
import type { TokenAuthenticator } from "./authentication.ts";

export interface BootstrapTokenOptions {
  /** The Secret of a token, as it is now. */
  secret(id: string): Secret | undefined;
  now(): number;
}

export function bootstrapTokenAuthenticator({ secret, now }: BootstrapTokenOptions): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences = []) {
      const given = splitBootstrapToken(token);
      const object = given && secret(given.id);
      const known = object && !object.metadata?.deletionTimestamp ? bootstrapTokenOf(object) : undefined;
      if (!known?.mayAuthenticate || !known.groups || !isSame(known.secret, given!.secret)) return undefined;
      if (known.expires !== undefined && known.expires <= now()) return undefined;
      return { user: { name: `system:bootstrap:${known.id}`, groups: known.groups }, audiences };
    },
  };
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
