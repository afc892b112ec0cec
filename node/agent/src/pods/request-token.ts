/** Asks the API for a token of a service account, as `ServiceAccountTokens` wants it. */

import type { Api } from "@knarr/client/api.ts";
import * as resources from "@knarr/client/named-resources.ts";
import type { RequestToken } from "../volumes/service-account-tokens.ts";

export function requestToken(api: Api): RequestToken {
  return async ({ namespace, name }, spec) => {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: {}, spec };
    const answer: { status?: { token: string; expirationTimestamp: string } } & typeof body = await api.post(
      resources.serviceAccounts,
      `${namespace}/${name}`,
      "token",
      body,
    );
    if (!answer.status) throw new Error(`Cannot get a token for ${namespace}/${name}: the answer has none`);
    return answer.status;
  };
}
