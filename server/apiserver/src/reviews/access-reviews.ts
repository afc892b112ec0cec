/** May somebody do something? Asked of the same authorizers that requests are. */

import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from "@knarr/kinds/generated/authorization-v1.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { Attributes, Authorizer, User } from "../request.ts";
import type { ReviewContext } from "./reviews.ts";

export async function subjectAccessReview(
  body: SubjectAccessReview,
  { authorizer }: ReviewContext,
): Promise<SubjectAccessReview> {
  return { ...body, status: await statusOf(subjectIn(body.spec), body.spec, authorizer) };
}

export async function localSubjectAccessReview(
  body: LocalSubjectAccessReview,
  { authorizer, namespace }: ReviewContext,
): Promise<LocalSubjectAccessReview> {
  if (!namespace) throw badRequest("namespace is required on this type: ");
  return { ...body, status: await statusOf(subjectIn(body.spec), body.spec, authorizer) };
}

export async function selfSubjectAccessReview(
  body: SelfSubjectAccessReview,
  { authorizer, user }: ReviewContext,
): Promise<SelfSubjectAccessReview> {
  return { ...body, status: await statusOf(user, body.spec, authorizer) };
}

function subjectIn({ user = "", groups = [], uid, extra }: SubjectAccessReviewSpec = {}): User {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}

type Question = Pick<SubjectAccessReviewSpec, "resourceAttributes" | "nonResourceAttributes">;

async function statusOf(
  user: User,
  question: Question | undefined,
  authorizer: Authorizer,
): Promise<SubjectAccessReviewStatus> {
  const decision = await authorizer.authorize(attributesOf(user, question ?? {}));
  return {
    allowed: decision.allowed,
    ...(!decision.allowed && decision.denied && { denied: true }),
    ...(decision.reason && { reason: decision.reason }),
    ...(!decision.allowed && decision.error && { evaluationError: decision.error }),
  };
}

function attributesOf(user: User, { resourceAttributes, nonResourceAttributes }: Question): Attributes {
  const asked = resourceAttributes ?? {};
  const selectors = selectorsOf(asked);
  return {
    user,
    verb: (resourceAttributes ?? nonResourceAttributes)?.verb ?? "",
    isResource: resourceAttributes !== undefined,
    group: asked.group ?? "",
    version: asked.version ?? "",
    resource: asked.resource ?? "",
    subresource: asked.subresource ?? "",
    namespace: asked.namespace ?? "",
    name: asked.name ?? "",
    path: nonResourceAttributes?.path ?? "",
    ...selectors,
  };
}

/** Selectors as text, whether they came so or as requirements. Requirements nobody understands are left out: that only widens the question. */
function selectorsOf({
  fieldSelector,
  labelSelector,
}: ResourceAttributes): Pick<Attributes, "fieldSelector" | "labelSelector"> {
  const fields =
    fieldSelector?.rawSelector ??
    fieldSelector?.requirements
      ?.map(({ key, operator, values = [] }) =>
        values.length !== 1
          ? ""
          : operator === "In"
            ? `${key}=${values[0]}`
            : operator === "NotIn"
              ? `${key}!=${values[0]}`
              : "",
      )
      .filter((term) => term !== "")
      .join(",");
  const labels =
    labelSelector?.rawSelector ??
    labelSelector?.requirements
      ?.map(({ key, operator, values = [] }) => {
        const list = `(${values.join(",")})`;
        const terms: Record<string, string> = {
          In: `${key} in ${list}`,
          NotIn: `${key} notin ${list}`,
          Exists: key,
          DoesNotExist: `!${key}`,
        };
        return terms[operator] ?? "";
      })
      .filter((term) => term !== "")
      .join(",");
  return { ...(fields && { fieldSelector: fields }), ...(labels && { labelSelector: labels }) };
}
