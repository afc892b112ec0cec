/** Which autoscaler selects which pods, as far as they were looked at: pods of several would be counted, and scaled, several times. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";

export class Selectors {
  /** By key of the autoscaler. */
  readonly #all = new Map<string, LabelSelector>();

  set(key: string, selector: LabelSelector): void {
    this.#all.set(key, selector);
  }

  delete(key: string): void {
    this.#all.delete(key);
  }

  /** Keys of the autoscalers of a namespace that select any of its pods, sorted. */
  selecting(pods: readonly Pod[], namespace: string): readonly string[] {
    return [...this.#all]
      .filter(([key]) => key.startsWith(`${namespace}/`))
      .filter(([, selector]) => pods.some(({ metadata }) => selector.matches(metadata.labels)))
      .map(([key]) => key)
      .sort();
  }
}
