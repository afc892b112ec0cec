/**
 * Paths that are no resources: discovery, OpenAPI, health, version, metrics, keys. A table from path to what answers it; everything
 * else is `404 page not found`.
 */

import { textAnswer, type Answer } from "./answer.ts";
import type { ApiRequest } from "./api-request.ts";
import type { Parts } from "./parts.ts";

export type PathHandler = (parts: Parts, request: ApiRequest) => Answer | Promise<Answer>;

export interface PathEntry {
  /** Ends with `/` when it answers everything below it, too. */
  readonly path: string;
  readonly handler: PathHandler;
}

export class NonResources {
  readonly #exact = new Map<string, PathHandler>();
  readonly #prefixes: PathEntry[] = [];

  constructor(entries: readonly PathEntry[]) {
    for (const entry of entries) {
      const { path, handler } = entry;
      this.#exact.set(path, handler);
      if (path.endsWith("/") && path !== "/") this.#prefixes.push(entry);
    }
  }

  answer(parts: Parts, request: ApiRequest): Answer | Promise<Answer> {
    const { path } = request.route;
    const handler =
      this.#exact.get(path) ??
      this.#exact.get(`${path}/`) ??
      this.#prefixes.find((entry) => path.startsWith(entry.path))?.handler;
    return handler ? handler(parts, request) : textAnswer(404, "404 page not found\n");
  }
}
