/**
 * The kinds that are questions: posted, answered, never stored. The list, by resource; the body is decoded, defaulted and
 * validated before, as that of any kind.
 */

import type { Authentication } from "../authn/authentication.ts";
import type { Authorizer, User } from "../request.ts";
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from "./access-reviews.ts";
import { selfSubjectReview } from "./self-subject-review.ts";
import { selfSubjectRulesReview } from "./self-subject-rules-review.ts";
import { tokenReview } from "./token-review.ts";

/** What an answer may depend on. */
export interface ReviewContext {
  readonly user: User;
  /** From the URL. */
  readonly namespace: string;
  readonly authentication: Pick<Authentication, "authenticateToken">;
  readonly authorizer: Authorizer;
  /** Audiences of this server. */
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The body with its answer. Throws ApiError. */
export type Review = (body: any, context: ReviewContext) => object | Promise<object>;

/** `resource.group` → answer. */
export const reviews: Readonly<Record<string, Review>> = {
  "tokenreviews.authentication.k8s.io": tokenReview,
  "selfsubjectreviews.authentication.k8s.io": selfSubjectReview,
  "subjectaccessreviews.authorization.k8s.io": subjectAccessReview,
  "localsubjectaccessreviews.authorization.k8s.io": localSubjectAccessReview,
  "selfsubjectaccessreviews.authorization.k8s.io": selfSubjectAccessReview,
  "selfsubjectrulesreviews.authorization.k8s.io": selfSubjectRulesReview,
};
