/** The question whether I may do something. Answered, never stored. */

import type { SelfSubjectAccessReview } from "../../generated/authorization-v1.ts";
import { defineResource } from "../resource.ts";
import { validateAttributes, validateNoMetadata } from "../shared/access-review-rules.ts";

export const selfSubjectAccessReview = defineResource<SelfSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  schema: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  scope: "Cluster",
  verbs: ["create"],

  validate({ metadata, spec }, errors) {
    validateAttributes(spec ?? {}, errors.at("spec"));
    validateNoMetadata(metadata, errors);
  },
});
