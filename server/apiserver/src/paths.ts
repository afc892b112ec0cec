/** Every path that is no resource, and what answers it. The list is what `GET /` shows. */

import type { Access } from "./access.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { ApiServerOptions } from "./options.ts";
import { textAnswer } from "./pipeline/answer.ts";
import type { PathEntry } from "./pipeline/non-resources.ts";
import type { Registry } from "./registry/registry.ts";

export interface PathsContext {
  readonly registry: Registry;
  readonly access: Access;
  readonly metrics: Metrics;
  readonly options: ApiServerOptions;
}

export function nonResourcePaths({ metrics }: PathsContext): PathEntry[] {
  return [
    { path: "/healthz", handler: () => textAnswer(200, "ok") },
    { path: "/metrics", handler: () => textAnswer(200, metrics.text()) },
  ];
}
