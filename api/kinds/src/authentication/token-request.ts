/** Body of `serviceaccounts/token`: the wish for a token, and the token. */

import type { TokenRequest } from "../../generated/authentication-v1.ts";
import { defineResource } from "../resource.ts";

const DEFAULT_SECONDS = 60 * 60;
const MIN_SECONDS = 10 * 60;
const MAX_SECONDS = 2 ** 32;

export const tokenRequest = defineResource<TokenRequest>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  schema: "io.k8s.api.authentication.v1.TokenRequest",
  plural: "",
  scope: "Namespaced",
  verbs: ["create"],

  defaults(object) {
    if (object.spec) object.spec.expirationSeconds ??= DEFAULT_SECONDS;
  },

  validate({ spec }, errors) {
    const expirationSeconds = spec?.expirationSeconds ?? 0;
    const at = errors.at("spec").at("expirationSeconds");
    if (expirationSeconds < MIN_SECONDS)
      at.invalid(expirationSeconds, "may not specify a duration less than 10 minutes");
    if (expirationSeconds > MAX_SECONDS)
      at.invalid(expirationSeconds, "may not specify a duration larger than 2^32 seconds");
  },
});
