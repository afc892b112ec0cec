/** A check of one value, apart from what lies below it: its kind fits already. */

import type { Finding } from "./finding.ts";

export interface Check {
  holds(value: never): boolean;
  /** Asked for only when it does not hold. */
  finding(value: unknown, path: string): Finding;
}
