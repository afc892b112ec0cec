/**
 * Tokens of OpenID Connect issuers: signature by the issuer's published keys, issuer, audience, time; then the user that its claims make.
 *
 * The issuer is asked for its keys when the first of its tokens comes, and again when a token names a key that is not known: an issuer that
 * is away at start, or that runs in this very cluster, stops nobody else.
 */

import { getCACertificates } from "node:tls";
import type { IncomingMessage } from "node:http";
import { Agent, get } from "node:https";
import { quoteAll } from "@knarr/machinery/quote.ts";
import type { JWTVerifyGetKey } from "jose";
import { readWhole } from "../../http/whole.ts";
import type { TokenAuthenticator } from "../authentication.ts";
import { claimsOf } from "../service-account-keys.ts";
import type { JwtConfiguration } from "./configuration.ts";
import { userOfClaims } from "./user-of-claims.ts";

/** Those that upstream can be told to allow. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];
const FETCH_MS = 30_000;
/** An issuer that could not be reached is not asked again sooner. */
const RETRY_MS = 10_000;
const MAX_BYTES = 1 << 20;

export interface JwtAuthenticatorOptions {
  readonly config: JwtConfiguration;
  now(): number;
}

export function jwtAuthenticator({ config, now }: JwtAuthenticatorOptions): TokenAuthenticator {
  const { url, audiences } = config.issuer;
  const keys = new IssuerKeys(config.issuer, now);
  return {
    async authenticateToken(token, wanted = []) {
      if (issuerOf(token) !== url) return undefined;
      const { jwtVerify } = await import("jose");
      const find = await keys.find();
      const { payload } = await jwtVerify(token, find, {
        algorithms: ALGORITHMS,
        currentDate: new Date(now()),
        requiredClaims: ["exp"],
      }).catch((err: Error) => {
        throw new Error(`oidc: verify token: ${err.message}`);
      });
      const meant = [payload.aud ?? []].flat();
      if (!meant.some((audience) => audiences.includes(audience)))
        throw new Error(
          `oidc: verify token: oidc: expected audience in ${quoteAll(audiences)} got ${quoteAll(meant)}`,
        );
      return { user: userOfClaims(payload, config), audiences: wanted };
    },
  };
}

/** Google's tokens once named it without the scheme, and still may (OpenID Connect). */
function issuerOf(token: string): unknown {
  const issuer = claimsOf(token)?.["iss"];
  return issuer === "accounts.google.com" ? "https://accounts.google.com" : issuer;
}

class IssuerKeys {
  readonly #issuer: JwtConfiguration["issuer"];
  readonly #now: () => number;
  readonly #agent: Agent;
  #finding: Promise<JWTVerifyGetKey> | undefined;
  #failedAt = -Infinity;

  constructor(issuer: JwtConfiguration["issuer"], now: () => number) {
    this.#issuer = issuer;
    this.#now = now;
    this.#agent = new Agent({
      ca: issuer.certificateAuthority ?? getCACertificates("default"),
      keepAlive: false,
    });
  }

  /** How to find the key of a token. Rejects while the issuer cannot be reached. */
  find(): Promise<JWTVerifyGetKey> {
    if (this.#finding) return this.#finding;
    if (this.#now() - this.#failedAt < RETRY_MS)
      return Promise.reject(new Error("oidc: authenticator not initialized"));
    const finding = this.#discover();
    this.#finding = finding;
    finding.catch(() => {
      this.#finding = undefined;
      this.#failedAt = this.#now();
    });
    return finding;
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { url, discoveryURL = `${url.replace(/\/$/, "")}/.well-known/openid-configuration` } = this.#issuer;
    const { createRemoteJWKSet, customFetch } = await import("jose");
    const { issuer, jwks_uri: keys } = JSON.parse(await this.#fetch(discoveryURL)) as Record<string, unknown>;
    if (issuer !== url)
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(url)} got ${JSON.stringify(issuer)}`,
      );
    if (typeof keys !== "string" || !keys) throw new Error("oidc: provider did not return JWKS URL");
    const options: Parameters<typeof createRemoteJWKSet>[1] = {
      timeoutDuration: FETCH_MS,
      [customFetch]: async (address: string) =>
        ({ status: 200, json: async () => JSON.parse(await this.#fetch(address)) }) as Response,
    };
    return createRemoteJWKSet(new URL(keys), options);
  }

  async #fetch(address: string): Promise<string> {
    try {
      const answer = await this.#get(address);
      const body = await readWhole(answer, MAX_BYTES);
      if (answer.statusCode !== 200) throw new Error(String(answer.statusCode));
      return body.toString();
    } catch (err) {
      throw new Error(`oidc: Get ${JSON.stringify(address)}: ${(err as Error).message}`, { cause: err });
    }
  }

  #get(address: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(FETCH_MS),
      };
      get(address, options, resolve).once("error", reject);
    });
  }
}
