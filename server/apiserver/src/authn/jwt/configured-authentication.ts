/**
 * Authentication as its configuration file says, and as it says from the moment it is changed. A change that is wrong changes nothing: it is
 * logged, and what was good before goes on.
 */

import { readFileSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Logger } from "@knarr/std/log.ts";
import type { TokenAuthenticator, TokenIdentity } from "../authentication.ts";
import {
  authenticationConfigurationOf,
  type AnonymousConfiguration,
  type AuthenticationConfiguration,
} from "./configuration.ts";
import { jwtAuthenticator } from "./jwt-authenticator.ts";

export interface ConfiguredAuthenticationOptions {
  readonly path: string;
  /** Of this server's own tokens: no configured issuer may have it. */
  readonly ownIssuer: string;
  readonly log: Logger;
  now(): number;
}

export class ConfiguredAuthentication implements TokenAuthenticator, Disposable {
  readonly #options: ConfiguredAuthenticationOptions;
  readonly #watcher: FSWatcher;
  #text: string;
  #tokens: readonly TokenAuthenticator[];
  #anonymous: AnonymousConfiguration | undefined;

  /** Throws an Error with everything that is wrong with the file. */
  constructor(options: ConfiguredAuthenticationOptions) {
    this.#options = options;
    const { path } = options;
    this.#text = readFileSync(path, "utf8");
    const configuration = this.#read();
    this.#tokens = this.#tokensOf(configuration);
    this.#anonymous = configuration.anonymous;
    // The folder, since editors and mounted Secrets put another file in its place.
    this.#watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === basename(path) || name === "..data") this.#reload();
    });
  }

  async authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined> {
    const problems: string[] = [];
    for (const authenticator of this.#tokens) {
      try {
        const identity = await authenticator.authenticateToken(token, audiences);
        if (identity) return identity;
      } catch (err) {
        problems.push((err as Error).message);
      }
    }
    if (problems.length > 0) throw new Error(problems.join(", "));
    return undefined;
  }

  /** Whether `path` may be asked for without credentials; undefined when the configuration does not say. */
  allowsAnonymous(path: string): boolean | undefined {
    if (!this.#anonymous) return undefined;
    const { enabled, conditions = [] } = this.#anonymous;
    return enabled && (conditions.length === 0 || conditions.some((condition) => condition.path === path));
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  #reload(): void {
    const { path, log } = this.#options;
    const before = this.#text;
    try {
      this.#text = readFileSync(path, "utf8");
      if (this.#text === before) return;
      const configuration = this.#read();
      this.#tokens = this.#tokensOf(configuration);
      this.#anonymous = configuration.anonymous;
      log.info("Reloaded the authentication configuration", { path });
    } catch (err) {
      log.error("Kept the authentication configuration that was read before", { path, err });
    }
  }

  #read(): AuthenticationConfiguration {
    const { path, ownIssuer } = this.#options;
    return authenticationConfigurationOf(this.#text, path, ownIssuer);
  }

  #tokensOf({ jwt }: AuthenticationConfiguration): readonly TokenAuthenticator[] {
    return jwt.map((config) => jwtAuthenticator({ config, now: () => this.#options.now() }));
  }
}
