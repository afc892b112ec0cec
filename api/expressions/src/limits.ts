/** How much expressions may cost, in cel-go's units (about 100 nanoseconds each on upstream's machines). Upstream's numbers. */

/** One evaluation. */
export const PER_CALL_LIMIT = 1_000_000;
/** All rules of one custom resource, or of one binding of a policy. */
export const RUNTIME_BUDGET = 10_000_000;
/** All match conditions of one webhook or policy. */
export const MATCH_CONDITIONS_BUDGET = 2_500_000;
/** A rule's estimate, its own and times the places it may be run for, in one definition. */
export const STATIC_RULE_LIMIT = 10_000_000n;
/** All estimates of one version of a definition together. */
export const STATIC_SCHEMA_LIMIT = 100_000_000n;
/** One evaluation of a device selector, and its estimate. */
export const DEVICE_SELECTOR_LIMIT = 1_000_000;
/** The largest request, which bounds whatever a schema leaves unbounded. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
export const MAX_MESSAGE_BYTES = 5 * 1024;

/** What a request may still spend. Once overspent it stays so. */
export class Budget {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  get left(): number {
    return this.#left;
  }

  /** Whether nothing more may run: something would have cost more than was left. */
  get isExhausted(): boolean {
    return this.#left < 0;
  }

  /** False when there was not enough; nothing is left then. */
  spend(cost: number): boolean {
    if (cost > this.#left) {
      this.exhaust();
      return false;
    }
    this.#left -= cost;
    return true;
  }

  exhaust(): void {
    this.#left = -1;
  }
}
