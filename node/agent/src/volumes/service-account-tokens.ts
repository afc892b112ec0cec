/**
 * Tokens bound to pods, asked for once and used until 80 % of their life is over, or a day, whichever is sooner; a little
 * earlier at random, so that the tokens of a node do not all expire together. While a new one cannot be had, the old one is
 * given out for as long as it is good.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { BoundToken } from "./volume.ts";

const DAY_MS = 24 * 3600 * 1000;
const JITTER_MS = 10_000;
/** How soon to try again when the API is away and the old token is still good. */
const RETRY_MS = 10_000;

export interface TokenWish {
  readonly audience?: string;
  readonly expirationSeconds: number;
}

export interface TokenRequestSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObjectRef: {
    readonly apiVersion: "v1";
    readonly kind: "Pod";
    readonly name: string;
    readonly uid: string;
  };
}

/** POST to `serviceaccounts/<name>/token`; gives `status`. */
export type RequestToken = (
  serviceAccount: { readonly namespace: string; readonly name: string },
  spec: TokenRequestSpec,
) => Promise<{ readonly token: string; readonly expirationTimestamp: string }>;

interface Held {
  readonly token: string;
  readonly expiresAt: number;
  readonly renewAt: number;
}

export class ServiceAccountTokens {
  readonly #request: RequestToken;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** By pod uid, then by account, audience and life. */
  readonly #held = new Map<string, Map<string, Held>>();

  constructor(request: RequestToken, { clock, random }: { clock: Clock; random: () => number }) {
    this.#request = request;
    this.#clock = clock;
    this.#random = random;
  }

  async get(pod: Pod, wish: TokenWish): Promise<BoundToken> {
    const uid = pod.metadata!.uid!;
    const key = `${pod.spec?.serviceAccountName ?? "default"} ${wish.audience ?? ""} ${wish.expirationSeconds}`;
    const held = this.#held.get(uid)?.get(key);
    const now = this.#clock.now();
    if (held && now < held.renewAt) return { ...held, refreshInMs: held.renewAt - now };
    try {
      const fresh = await this.#renew(pod, wish);
      const ofPod = this.#held.get(uid) ?? new Map<string, Held>();
      this.#held.set(uid, ofPod.set(key, fresh));
      return { ...fresh, refreshInMs: fresh.renewAt - this.#clock.now() };
    } catch (err) {
      if (held && now < held.expiresAt) return { ...held, refreshInMs: RETRY_MS };
      throw err;
    }
  }

  /** The pod is gone: so are its tokens. */
  forget(uid: string): void {
    this.#held.delete(uid);
  }

  async #renew(pod: Pod, { audience, expirationSeconds }: TokenWish): Promise<Held> {
    const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
    const { token, expirationTimestamp } = await this.#request(
      { namespace, name: pod.spec?.serviceAccountName ?? "default" },
      {
        ...(audience === undefined ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    );
    const expiresAt = Date.parse(expirationTimestamp);
    const jitter = Math.floor(this.#random() * JITTER_MS);
    const issuedAt = expiresAt - expirationSeconds * 1000;
    const renewAt = Math.min(expiresAt - expirationSeconds * 200, issuedAt + DAY_MS) - jitter;
    // A server that gives less time than it was asked for must not be asked all the time.
    return { token, expiresAt, renewAt: Math.max(renewAt, this.#clock.now() + RETRY_MS) };
  }
}
