/** Who am I? */

import type { SelfSubjectReview, UserInfo } from "@knarr/kinds/generated/authentication-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { User } from "../request.ts";
import type { ReviewContext } from "./reviews.ts";

export function selfSubjectReview(
  { apiVersion, kind }: SelfSubjectReview,
  { user, now }: ReviewContext,
): object {
  return {
    apiVersion,
    kind,
    metadata: { creationTimestamp: formatTime(now()) },
    status: { userInfo: userInfoOf(user) },
  };
}

export function userInfoOf({ name, uid, groups, extra }: User): UserInfo {
  return {
    username: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && Object.keys(extra).length > 0 && { extra: extra as Record<string, string[]> }),
  };
}
