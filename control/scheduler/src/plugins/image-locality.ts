/**
 * ImageLocality: better where the images are already, in proportion to their size; an image that few nodes have counts less, so that
 * not all its pods gather there.
 */

import { definePlugin, MAX_SCORE, skip } from "../framework.ts";

const MB = 1024 * 1024;
/** Below this an image is pulled faster than it is worth thinking about. */
const MIN = 23 * MB;
/** Per container. */
const MAX = 1000 * MB;

interface Images {
  /** Share of all nodes that have the image, by name. */
  readonly shares: ReadonlyMap<string, number>;
  readonly containers: number;
}

export const imageLocality = definePlugin<Images>({
  name: "ImageLocality",

  preScore({ spec }, _nodes, _state, table) {
    const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
    const shares = new Map<string, number>();
    const volumes = (spec?.volumes ?? []).flatMap(({ image }) => (image?.reference ? [image.reference] : []));
    for (const reference of [...containers.map(({ image = "" }) => image), ...volumes]) {
      const name = normalized(reference);
      const nodes = table.nodesWithImage(name);
      if (nodes > 0) shares.set(name, nodes / table.nodes.length);
    }
    return shares.size === 0 ? skip : { shares, containers: containers.length };
  },

  score(_pod, { images }, { shares, containers }) {
    let sum = 0;
    for (const [name, share] of shares) sum += Math.trunc((images.get(name) ?? 0) * share);
    const max = MAX * containers;
    const bounded = Math.min(Math.max(sum, MIN), max);
    return Math.trunc((MAX_SCORE * (bounded - MIN)) / (max - MIN));
  },
});

/** `web` is `web:latest`. */
function normalized(reference: string): string {
  return reference.lastIndexOf(":") <= reference.lastIndexOf("/") ? `${reference}:latest` : reference;
}
