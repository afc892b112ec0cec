/** Tokens given by configuration, such as the administrator's. Compared in constant time. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { User } from "../request.ts";
import type { TokenAuthenticator } from "./authentication.ts";

export interface StaticToken {
  readonly token: string;
  readonly user: User;
}

export function staticTokenAuthenticator(tokens: readonly StaticToken[]): TokenAuthenticator {
  const digests = tokens.map(({ token, user }) => ({ digest: digestOf(token), user }));
  return {
    async authenticateToken(token, audiences = []) {
      const given = digestOf(token);
      const found = digests.find(({ digest }) => timingSafeEqual(digest, given));
      return found && { user: found.user, audiences };
    },
  };
}

/** Equally long whatever the token, so that comparing tells nothing of it. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
