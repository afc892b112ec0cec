/** What handlers share: the server without its sockets. */

import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { WatchMetrics } from "../metrics/server-metrics.ts";
import type { Authentication } from "../authn/authentication.ts";
import type { Authorization } from "../authz/authorization.ts";
import type { Audit } from "../audit/audit.ts";
import type { Aggregator } from "../aggregation/aggregator.ts";
import type { RequestLimits } from "../flow-control/request-limits.ts";
import type { Admission } from "../admission/chain.ts";
import type { Caches } from "../cache/cache.ts";
import type { Subresources } from "../subresources/subresources.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import type { Registry } from "../registry/registry.ts";

export interface Parts {
  /** Absent without an audit policy. */
  readonly audit?: Audit;
  /** Absent where requests are not limited. */
  readonly limits?: RequestLimits;
  readonly registry: Registry;
  readonly aggregator: Aggregator;
  readonly caches: Caches;
  readonly admission: Admission;
  readonly subresources: Subresources;
  readonly webhooks: WebhookClient;
  /** Events sent to watchers, by group, version and resource. */
  readonly watchMetrics: WatchMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly authentication: Authentication;
  readonly authorization: Authorization;
  /** Aborts when the server stops: watches and other long answers end. */
  readonly stopping: AbortSignal;
}
