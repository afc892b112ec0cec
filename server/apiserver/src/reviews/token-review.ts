/** Whose token is this? */

import type { TokenReview } from "@knarr/kinds/generated/authentication-v1.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import { aggregate } from "@knarr/machinery/aggregate.ts";
import type { ReviewContext } from "./reviews.ts";
import { userInfoOf } from "./self-subject-review.ts";

export async function tokenReview(
  body: TokenReview,
  { authentication, audiences: own }: ReviewContext,
): Promise<object> {
  const { token, audiences } = body.spec ?? {};
  if (!token) throw badRequest("token is required for TokenReview in authentication");
  const wanted = audiences?.length ? audiences : own;
  const { identity, problems } = await authentication.authenticateToken(token, wanted);
  const status = identity
    ? { authenticated: true, user: userInfoOf(identity.user), audiences: identity.audiences }
    : { user: {}, error: aggregate(problems) };
  return { ...body, status };
}
