/**
 * Who is asking. Each authenticator is asked in turn; the first that knows the caller decides. Bad credentials make the
 * request anonymous to nobody: they are refused, even when anonymous requests are allowed.
 */

import { unauthorized } from "@knarr/machinery/status.ts";
import type { AccessMetrics } from "../metrics/access-metrics.ts";
import type { Authenticator, Credentials, User } from "../request.ts";

export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";
/** Members may do everything. */
export const MASTERS = "system:masters";

/** One way to tell whose token it is. Throws an Error that says why for a token that is its own and bad; undefined: not mine. */
export interface TokenAuthenticator {
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined>;
}

export interface TokenIdentity {
  readonly user: User;
  /** Those of the audiences asked for that the token is meant for. */
  readonly audiences: readonly string[];
}

export interface AuthenticationOptions {
  /** In order; tokens come after them. */
  readonly authenticators: readonly Authenticator[];
  readonly tokens: readonly TokenAuthenticator[];
  /** Whether requests for a path without credentials are `system:anonymous` (authorization then decides) or refused. Default: all are. */
  allowsAnonymous?(path: string): boolean;
  readonly metrics?: AccessMetrics | undefined;
}

export class Authentication {
  readonly #authenticators: readonly Authenticator[];
  readonly #tokens: readonly TokenAuthenticator[];
  readonly #allowsAnonymous: (path: string) => boolean;
  readonly #metrics: AccessMetrics | undefined;

  constructor({ authenticators, tokens, allowsAnonymous = () => true, metrics }: AuthenticationOptions) {
    this.#authenticators = authenticators;
    this.#tokens = tokens;
    this.#allowsAnonymous = allowsAnonymous;
    this.#metrics = metrics;
  }

  /** Throws ApiError Unauthorized. Answers at once, but for tokens. */
  authenticate(credentials: Credentials): User | Promise<User> {
    const started = performance.now();
    let bad = false;
    for (const authenticator of this.#authenticators) {
      try {
        const user = authenticator.authenticate(credentials);
        if (user) return this.#found(authenticated(user), started);
      } catch {
        bad = true; // upstream tries the others first, and then says no more than Unauthorized
      }
    }
    const { bearerToken, audiences, path } = credentials;
    if (bearerToken !== undefined)
      return this.authenticateToken(bearerToken, audiences).then(({ identity }) =>
        identity ? this.#found(identity.user, started) : this.#refuse(started),
      );
    if (bad || !this.#allowsAnonymous(path)) this.#refuse(started);
    return this.#found(ANONYMOUS, started);
  }

  #found(user: User, started: number): User {
    this.#metrics?.identified(started, user.name);
    return user;
  }

  #refuse(started: number): never {
    this.#metrics?.refused.reached(started);
    throw unauthorized();
  }

  /** The owner of a token, or why there is none: for requests and for TokenReview. */
  async authenticateToken(
    token: string,
    audiences?: readonly string[],
  ): Promise<{ readonly identity?: TokenIdentity; readonly problems: readonly string[] }> {
    const problems: string[] = [];
    for (const authenticator of this.#tokens) {
      try {
        const identity = await authenticator.authenticateToken(token, audiences);
        if (identity) return { identity: { ...identity, user: authenticated(identity.user) }, problems: [] };
      } catch (err) {
        problems.push((err as Error).message);
      }
    }
    return { problems: ["invalid bearer token", ...problems] };
  }
}

const ANONYMOUS: User = { name: "system:anonymous", groups: [UNAUTHENTICATED] };

/** A certificate's user is the same object with each request of its connection. */
const known = new WeakMap<User, User>();

/** Everybody who is somebody is in `system:authenticated`. */
export function authenticated(user: User): User {
  return known.getOrInsertComputed(user, () => {
    const { groups } = user;
    if (groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED)) return user;
    return { ...user, groups: [...groups, AUTHENTICATED] };
  });
}
