/** The question whether somebody may do something. Answered, never stored. */

import type { SubjectAccessReview } from "../../generated/authorization-v1.ts";
import { defineResource } from "../resource.ts";
import { validateNoMetadata, validateSubject } from "../shared/access-review-rules.ts";

export const subjectAccessReview = defineResource<SubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  schema: "io.k8s.api.authorization.v1.SubjectAccessReview",
  plural: "subjectaccessreviews",
  scope: "Cluster",
  verbs: ["create"],

  validate({ metadata, spec }, errors) {
    validateSubject(spec ?? {}, errors.at("spec"));
    validateNoMetadata(metadata, errors);
  },
});
