/**
 * Which part of the server a sample of its profile belongs to: by the file of the function that was at the top, or, for functions of V8 and
 * Node.js's native code, which have no file, of the one that called them.
 */

import type { CpuProfile, ProfileNode } from "./inspector.ts";

/** Also what Node.js does between two callbacks, where V8 takes the event loop for idle: writes that go on when the socket takes more. */
export const OUTSIDE = "outside JavaScript: TLS, sockets";
const REST = "the rest";

/** In the order of the table. What is none of them is the rest. */
const LAYERS: readonly (readonly [name: string, file: RegExp])[] = [
  ["collecting garbage", /^\(garbage collector\)$/],
  [OUTSIDE, /^\((program|root)\)$/],
  ["messages to the store's thread and back", /\/server\/store\/|^node:internal\/worker/],
  ["Node.js: HTTP/2, streams, promises, ticks", /^node:/],
  ["authentication, authorization, flow control", /apiserver\/src\/(authn|authz|flow-control|access\.ts)/],
  ["HTTP and the pipeline", /apiserver\/src\/(http|pipeline|negotiation|aggregation|[a-z-]+\.ts$)/],
  ["admission", /apiserver\/src\/(admission|webhooks)|api\/expressions|base\/cel/],
  ["decoding, validation, managed fields", /\/api\/(machinery|kinds|schema|structural)\//],
  ["handlers and writes", /apiserver\/src\/(handlers|writes|registry|subresources|tables|crd)\//],
  ["cache", /apiserver\/src\/cache\//],
  ["figures and audit", /apiserver\/src\/(metrics|audit)\/|base\/std\/src\/(metrics|queue-metrics)\.ts/],
  ["controllers and their informers", /\/control\/|\/api\/client\/|apiserver\/src\/in-process\//],
];

export const layerNames: readonly string[] = [...LAYERS.map(([name]) => name), REST];

/** Microseconds of each layer. Samples that found the event loop idle are left out. */
export function timeByLayer({ nodes, timeDeltas }: CpuProfile): Map<string, number> {
  // What lies between most samples. Between some it is more, while others have the processor.
  const interval = timeDeltas.toSorted((a, b) => a - b)[timeDeltas.length >> 1]!;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sums = new Map<string, number>();
  const visit = (node: ProfileNode, caller: string): void => {
    const layer = layerOf(node) ?? caller;
    if (node.callFrame.functionName !== "(idle)")
      sums.set(layer, (sums.get(layer) ?? 0) + (node.hitCount ?? 0) * interval);
    for (const child of node.children ?? []) visit(byId.get(child)!, layer);
  };
  visit(nodes[0]!, REST);
  return sums;
}

function layerOf({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (!url && !functionName.startsWith("(")) return undefined;
  const where = url || functionName;
  return LAYERS.find(([, file]) => file.test(where))?.[0] ?? REST;
}
