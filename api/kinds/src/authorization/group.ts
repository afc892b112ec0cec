/** The kinds of authorization.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { subjectAccessReview } from "./subject-access-review.ts";
import { localSubjectAccessReview } from "./local-subject-access-review.ts";
import { selfSubjectAccessReview } from "./self-subject-access-review.ts";
import { selfSubjectRulesReview } from "./self-subject-rules-review.ts";

export const authorization = defineGroup({
  group: "authorization.k8s.io",
  version: "v1",
  resources: [subjectAccessReview, localSubjectAccessReview, selfSubjectAccessReview, selfSubjectRulesReview],
});
