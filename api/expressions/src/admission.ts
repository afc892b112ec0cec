/**
 * Expressions about requests: match conditions of webhooks and policies, and all that admission policies say in CEL.
 *
 * They see `object`, `oldObject`, `request`, `namespaceObject` and, as their place has it, `params`, `authorizer` (with
 * `authorizer.requestResource`) and `variables`. Objects are plain JSON and are read as they are.
 */

export type {
  AdmissionInput,
  AuthorizerAttributes,
  AuthorizerDecision,
  AuthorizerInput,
} from "./admission-input.ts";
export {
  compileAdmission,
  Composition,
  type AdmissionExpression,
  type AdmissionOptions,
  type Wanted,
} from "./admission/compile.ts";
export {
  evaluateAdmission,
  matchConditions,
  OutOfBudget,
  type AdmissionResult,
  type MatchCondition,
  type MatchResult,
} from "./admission/evaluate.ts";
export { configurationOf, patchOf, type PatchOperation } from "./admission/patches.ts";
