/**
 * Which handler answers a subresource. Those that show the whole object and write a part of it are the ordinary verbs under another
 * strategy (see writes/strategy.ts); the others are in the table here. A new one is one file beside this one and one row.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Access } from "../access.ts";
import { get } from "../handlers/get.ts";
import type { Handler } from "../handlers/handler.ts";
import { patch } from "../handlers/patch.ts";
import { update } from "../handlers/update.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { methodNotAllowed, noSuchPath } from "../pipeline/no-path.ts";
import type { Served } from "../registry/served.ts";
import { strategyOf } from "../writes/strategy.ts";
import { bind } from "./binding.ts";
import { evict } from "./eviction.ts";
import type { NodeConnections } from "./node-connections.ts";
import { podLog } from "./pod-log.ts";
import { proxy } from "./proxy.ts";
import { nodeTarget, podTarget, serviceTarget } from "./proxy-target.ts";
import { podStreams } from "./pod-streams.ts";
import { getScale, patchScale, updateScale } from "./scale.ts";
import { tokenOf } from "./token.ts";

/** Verbs of one subresource. */
type Verbs = Readonly<Record<string, Handler>>;

export interface SubresourceContext {
  readonly access: Access;
  readonly clock: Clock;
  readonly nodes: NodeConnections;
}

const partVerbs: Verbs = { get, update, patch };
const scaleVerbs: Verbs = { get: getScale, update: updateScale, patch: patchScale };

/** Whatever the method is, it is passed on. */
function anyVerb(handler: Handler): Verbs {
  return { get: handler, create: handler, update: handler, patch: handler, delete: handler, "": handler };
}

export class Subresources {
  /** `plural.group/subresource` → verbs. */
  readonly #table: Readonly<Record<string, Verbs>>;

  constructor({ access, clock, nodes }: SubresourceContext) {
    const stream = (action: Parameters<typeof podStreams>[0]): Verbs => {
      const handler = podStreams(action, nodes);
      return { get: handler, create: handler };
    };
    this.#table = {
      "pods/binding": { create: bind },
      "pods/eviction": { create: evict },
      "pods/log": { get: podLog(nodes) },
      "pods/exec": stream("exec"),
      "pods/attach": stream("attach"),
      "pods/portforward": stream("portforward"),
      "pods/proxy": anyVerb(
        proxy(({ caches }, { namespace, name }) => podTarget(caches.world, namespace, name)),
      ),
      "services/proxy": anyVerb(
        proxy(({ caches }, { namespace, name }) => serviceTarget(caches.world, namespace, name)),
      ),
      "nodes/proxy": anyVerb(proxy((_, { name }) => nodeTarget(nodes, name))),
      "serviceaccounts/token": { create: tokenOf(access, clock) },
      "namespaces/finalize": { update },
    };
  }

  /** Throws NotFound for what is no subresource, MethodNotAllowed for a verb it does not have. */
  handler({ route, verb }: ApiRequest, served: Served): Handler {
    const verbs = this.#verbsOf(served, route.subresource, route.depth);
    if (!verbs) throw noSuchPath();
    const handler = verbs[verb];
    if (!handler) throw methodNotAllowed();
    return handler;
  }

  #verbsOf(served: Served, subresource: string, depth: number): Verbs | undefined {
    const { group, plural, subresources } = served.resource;
    const own = this.#table[`${group ? `${plural}.${group}` : plural}/${subresource}`];
    if (own) return own;
    if (depth !== 3) return undefined;
    if (subresource === "scale" && subresources?.scale) return scaleVerbs;
    return strategyOf(served, subresource) && partVerbs;
  }
}
