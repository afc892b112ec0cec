/** A SubjectAccessReview for one namespace, which may be asked by whoever is let into that namespace. */

import type { LocalSubjectAccessReview } from "../../generated/authorization-v1.ts";
import { defineResource } from "../resource.ts";

export const localSubjectAccessReview = defineResource<LocalSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  schema: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  scope: "Namespaced",
  verbs: ["create"],
});
