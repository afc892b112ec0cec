/**
 * Which webhooks or policies are called once more, because the object was changed after they had seen it. Only those that ask for it
 * (`IfNeeded`) and were called in the first round; what changed it may be one behind them, or a plugin that runs again before them.
 */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { Reinvocation } from "../request.ts";

export class CalledAgain {
  readonly #round: Reinvocation;
  /** Called since the last change, and to be called again after the next. */
  readonly #seen = new Set<string>();
  readonly #again = new Set<string>();
  #left: unknown;

  private constructor(round: Reinvocation) {
    this.#round = round;
  }

  /** That of a request and plugin: the same in both rounds. */
  static of(round: Reinvocation, plugin: string): CalledAgain {
    let kept = round.state.get(plugin) as CalledAgain | undefined;
    if (!kept) round.state.set(plugin, (kept = new CalledAgain(round)));
    return kept;
  }

  /** A round begins: what ran between the two may have changed the object. */
  begin(object: unknown): void {
    if (this.#round.isRunning && this.#seen.size > 0 && !semanticEqual(this.#left, object)) this.#expire();
  }

  mayCall(id: string): boolean {
    return !this.#round.isRunning || this.#again.has(id);
  }

  called(
    id: string,
    { isChanged, isNeeded }: { readonly isChanged: boolean; readonly isNeeded: boolean },
  ): void {
    if (isChanged) this.changed();
    if (isNeeded) this.#seen.add(id);
  }

  /** Whoever has seen the object has not seen what it is now. */
  changed(): void {
    this.#expire();
    this.#round.isWanted = true;
  }

  end(object: unknown): void {
    if (this.#seen.size > 0) this.#left = copyJson(object);
  }

  #expire(): void {
    for (const id of this.#seen) this.#again.add(id);
    this.#seen.clear();
  }
}
