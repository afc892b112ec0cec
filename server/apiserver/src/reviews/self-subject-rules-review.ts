/** What all may I do in a namespace? */

import type { SelfSubjectRulesReview } from "@knarr/kinds/generated/authorization-v1.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { Rules } from "../request.ts";
import type { ReviewContext } from "./reviews.ts";

/** The answer does not repeat the question: upstream's neither. */
export async function selfSubjectRulesReview(
  { apiVersion, kind, spec }: SelfSubjectRulesReview,
  { authorizer, user }: ReviewContext,
): Promise<object> {
  const namespace = spec?.namespace;
  if (!namespace) throw badRequest("no namespace on request");
  const rules: Rules = (await authorizer.rulesFor?.(user, namespace)) ?? {
    resourceRules: [],
    nonResourceRules: [],
    incomplete: true,
  };
  const { resourceRules, nonResourceRules, incomplete, evaluationError } = rules;
  return {
    apiVersion,
    kind,
    metadata: {},
    spec: {},
    status: {
      resourceRules: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        ...(apiGroups?.length && { apiGroups }),
        ...(resources?.length && { resources }),
        ...(resourceNames?.length && { resourceNames }),
      })),
      nonResourceRules: nonResourceRules.map(({ verbs, nonResourceURLs }) => ({
        verbs,
        ...(nonResourceURLs?.length && { nonResourceURLs }),
      })),
      incomplete,
      ...(evaluationError && { evaluationError }),
    },
  };
}
