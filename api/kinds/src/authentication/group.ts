/** The kinds of authentication.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { tokenReview } from "./token-review.ts";
import { selfSubjectReview } from "./self-subject-review.ts";
import { tokenRequest } from "./token-request.ts";

export const authentication = defineGroup({
  group: "authentication.k8s.io",
  version: "v1",
  resources: [tokenReview, selfSubjectReview],
  bodies: [tokenRequest],
});
