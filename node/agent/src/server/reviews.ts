/**
 * Who may use the node's server: asked of the API server with TokenReviews and SubjectAccessReviews, and remembered for a
 * while as the kubelet does (tokens 2 minutes; yes 5 minutes, no 30 seconds), so that the API server may be away for a moment.
 */

import { createHash } from "node:crypto";
import type { Transport } from "@knarr/client/transport.ts";
import type { Clock } from "@knarr/std/clock.ts";

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface Access {
  readonly verb: string;
  /** Of the resource `nodes`. */
  readonly subresource: string;
  readonly nodeName: string;
}

const TOKEN_MS = 120_000;
const ALLOWED_MS = 300_000;
const DENIED_MS = 30_000;

export class Reviews {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #users = new Remembered<User | undefined>();
  readonly #answers = new Remembered<boolean>();

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Whose token this is; undefined if nobody's. */
  async userOf(token: string): Promise<User | undefined> {
    // The token itself is not kept.
    const key = createHash("sha256").update(token).digest("base64");
    return await this.#users.get(key, this.#clock.now(), async () => {
      const { status } = await this.#create<{ authenticated?: boolean; user?: Partial<User> }>(
        "authentication.k8s.io",
        "TokenReview",
        { token },
      );
      if (!status.authenticated) return { value: undefined, forMs: DENIED_MS };
      const user = { username: "", groups: [], ...status.user };
      return { value: user, forMs: TOKEN_MS };
    });
  }

  async isAllowed(user: User, { verb, subresource, nodeName }: Access): Promise<boolean> {
    // As the API server's own authorizer: they may do anything, and must be able to when nothing else works.
    if (user.groups.includes("system:masters")) return true;
    const { username, groups, uid, extra } = user;
    const resourceAttributes = { verb, version: "v1", resource: "nodes", subresource, name: nodeName };
    const spec = { user: username, groups, ...(uid && { uid }), ...(extra && { extra }), resourceAttributes };
    return await this.#answers.get(JSON.stringify(spec), this.#clock.now(), async () => {
      const { status } = await this.#create<{ allowed?: boolean }>(
        "authorization.k8s.io",
        "SubjectAccessReview",
        spec,
      );
      const value = status.allowed === true;
      return { value, forMs: value ? ALLOWED_MS : DENIED_MS };
    });
  }

  async #create<Status>(group: string, kind: string, spec: object): Promise<{ status: Status }> {
    const answer = await this.#transport.request({
      method: "POST",
      path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
      body: { apiVersion: `${group}/v1`, kind, metadata: {}, spec },
    });
    return { status: {} as Status, ...(answer.body as object) };
  }
}

const MAX_REMEMBERED = 1000;

/** Answers with a time to forget them. Failures are not kept. */
class Remembered<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  async get(key: string, now: number, ask: () => Promise<{ value: T; forMs: number }>): Promise<T> {
    const known = this.#entries.get(key);
    if (known && now < known.until) return known.value;
    const { value, forMs } = await ask();
    if (this.#entries.size >= MAX_REMEMBERED) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: now + forMs });
    return value;
  }
}
