/** A SubjectAccessReview for one namespace, which may be asked by whoever is let into that namespace. */

import type { LocalSubjectAccessReview } from "../../generated/authorization-v1.ts";
import { defineResource } from "../resource.ts";
import { shownPath, validateNoMetadata, validateSubject } from "../shared/access-review-rules.ts";

export const localSubjectAccessReview = defineResource<LocalSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  schema: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  scope: "Namespaced",
  verbs: ["create"],

  validate({ metadata, spec }, errors) {
    validateSubject(spec, errors.at("spec"));
    validateNoMetadata(metadata, errors, "namespace");
    const { resourceAttributes, nonResourceAttributes } = spec;
    const namespace = resourceAttributes?.namespace ?? "";
    if (resourceAttributes && namespace !== (metadata.namespace ?? ""))
      errors.at("spec.resourceAttributes.namespace").invalid(namespace, "must match metadata.namespace");
    if (nonResourceAttributes)
      errors
        .at("spec.nonResourceAttributes")
        .invalid(shownPath(nonResourceAttributes), "disallowed on this kind of request");
  },
});
