/**
 * OpenAPI of the servers behind ours. Asked for when somebody asks us, at most once a minute, and kept as it was last said by a server that
 * does not answer any more; forgotten with the server.
 */

import { createHash } from "node:crypto";
import type { OpenApiPart, Spec } from "./openapi-part.ts";
import { inVersion3, partBelow } from "./openapi-part.ts";
import type { Clock } from "@knarr/std/clock.ts";
import { hasDefinition } from "@knarr/schema/definitions.ts";
import type { Remote } from "./remote.ts";

const FRESH_MS = 60_000;
const TIMEOUT_MS = 5000;
const AGGREGATOR = { name: "system:aggregator", groups: [] };

/** The document of one server's group in version 3. */
export interface RemoteDocument {
  readonly path: string;
  /** Where it is read, with what makes that address another one when the document changes. */
  readonly url: string;
  /** Undefined when the server has it: then requests for it are passed on. */
  readonly bytes?: Buffer;
}

/** An answer of the server's that is kept with its ETag. */
interface Kept<T> {
  readonly askedAt: number;
  readonly etag: string | undefined;
  readonly value: T | undefined;
}

interface Known {
  version2?: Kept<Spec>;
  version3?: Kept<RemoteDocument>;
}

export class RemoteOpenApi {
  readonly #remotes: Iterable<Remote>;
  readonly #clock: Clock;
  readonly #known = new WeakMap<Remote, Known>();
  #parts: { readonly of: readonly Spec[]; readonly parts: readonly OpenApiPart[] } = { of: [], parts: [] };

  constructor(remotes: Iterable<Remote>, clock: Clock) {
    this.#remotes = remotes;
    this.#clock = clock;
  }

  async version3(): Promise<readonly RemoteDocument[]> {
    const found = await Promise.all([...this.#remotes].map((remote) => this.#version3(remote)));
    return found.filter((document) => document !== undefined);
  }

  /** Undefined for a document that is none of theirs. */
  async document(
    path: string,
  ): Promise<{ readonly remote: Remote; readonly document: RemoteDocument } | undefined> {
    for (const remote of this.#remotes) {
      if (pathOf(remote) !== path) continue;
      const document = await this.#version3(remote);
      return document && { remote, document };
    }
    return undefined;
  }

  /** What they add to the document of version 2: the same list until something changes. */
  async version2(): Promise<readonly OpenApiPart[]> {
    const remotes = [...this.#remotes];
    const specs = await Promise.all(remotes.map((remote) => this.#version2(remote)));
    const known = specs.filter((spec) => spec !== undefined);
    const { of, parts } = this.#parts;
    if (known.length === of.length && known.every((spec, i) => spec === of[i])) return parts;
    const taken = new Set<string>();
    const made = remotes.flatMap(({ root }, i) => {
      const part =
        specs[i] &&
        partBelow(specs[i], root, { isOurs, isTaken: (name) => taken.has(name) || hasDefinition(name) });
      for (const name of Object.keys(part?.definitions ?? {})) taken.add(name);
      return part ?? [];
    });
    this.#parts = { of: known, parts: made };
    return made;
  }

  async #version3(remote: Remote): Promise<RemoteDocument | undefined> {
    const own = this.#of(remote);
    const kept = own.version3;
    if (!this.#isDue(remote, kept)) return kept?.value;
    const askedAt = this.#clock.now();
    try {
      const value = (await this.#index(remote)) ?? (await this.#converted(remote));
      own.version3 = { askedAt, etag: undefined, value };
    } catch {
      own.version3 = { askedAt, etag: undefined, value: kept?.value }; // what it said last; asked again in a minute
    }
    return own.version3.value;
  }

  /** Undefined for a server that does not know version 3. */
  async #index(remote: Remote): Promise<RemoteDocument | undefined> {
    const reply = await remote.ask({ ...ASKED, path: "/openapi/v3" });
    if (reply.code === 404) return undefined;
    if (reply.code !== 200) throw new Error(`could not read /openapi/v3: ${reply.code}`);
    const path = pathOf(remote);
    const url = JSON.parse(reply.body.toString()).paths?.[path]?.serverRelativeURL;
    return { path, url: typeof url === "string" ? url : `/openapi/v3/${path}` };
  }

  async #converted(remote: Remote): Promise<RemoteDocument | undefined> {
    const spec = await this.#version2(remote);
    if (!spec) return undefined;
    const bytes = Buffer.from(JSON.stringify(inVersion3(spec, remote.root)));
    const hash = createHash("sha512").update(bytes).digest("hex").toUpperCase();
    const path = pathOf(remote);
    return { path, url: `/openapi/v3/${path}?hash=${hash}`, bytes };
  }

  async #version2(remote: Remote): Promise<Spec | undefined> {
    const own = this.#of(remote);
    const kept = own.version2;
    if (!this.#isDue(remote, kept)) return kept?.value;
    const askedAt = this.#clock.now();
    try {
      const reply = await remote.ask({ ...ASKED, path: "/openapi/v2", known: kept?.etag });
      const isNew = reply.code === 200;
      if (!isNew && reply.code !== 304) throw new Error(`could not read /openapi/v2: ${reply.code}`);
      const value = isNew ? (JSON.parse(reply.body.toString()) as Spec) : kept?.value;
      own.version2 = { askedAt, etag: isNew ? reply.headers.etag : kept?.etag, value };
    } catch {
      own.version2 = { askedAt, etag: kept?.etag, value: kept?.value }; // as above
    }
    return own.version2.value;
  }

  #of(remote: Remote): Known {
    return this.#known.getOrInsertComputed(remote, () => ({}));
  }

  #isDue({ isAvailable }: Remote, kept: Kept<unknown> | undefined): boolean {
    return isAvailable && (!kept || this.#clock.now() - kept.askedAt >= FRESH_MS);
  }
}

const ASKED = { accept: "application/json", as: AGGREGATOR, timeoutMs: TIMEOUT_MS };

/** What every API server has in common, ours says, too. */
function isOurs(name: string): boolean {
  return name.startsWith("io.k8s.apimachinery.") && hasDefinition(name);
}

function pathOf({ root }: Remote): string {
  return root.slice(1);
}
