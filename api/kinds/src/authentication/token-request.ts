/** Body of `serviceaccounts/token`: the wish for a token, and the token. */

import type { TokenRequest } from "../../generated/authentication-v1.ts";
import { defineResource } from "../resource.ts";

export const tokenRequest = defineResource<TokenRequest>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  schema: "io.k8s.api.authentication.v1.TokenRequest",
  plural: "",
  scope: "Namespaced",
  verbs: ["create"],
});
