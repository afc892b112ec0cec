/** POST serviceaccounts/token: a token for a service account. */

import { tokenRequest } from "@knarr/kinds/authentication/token-request.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import type { Access } from "../access.ts";
import { issueToken, preparedRequest } from "../authn/issue-token.ts";
import { encodingOf, type Handler } from "../handlers/handler.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { written } from "../negotiation/encode.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { trackBody } from "../writes/track-body.ts";
import { decode, placeInNamespace, writeOf } from "../writes/write.ts";

const TOKEN_REQUEST: ExpectedKind = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  schema: definition("io.k8s.api.authentication.v1.TokenRequest"),
};

export function tokenOf({ keys, objects, audiences }: Access, clock: Clock): Handler {
  const issuer = { keys, objects, audiences, now: () => clock.now() };
  return async (parts, request, served) => {
    const { output } = encodingOf(parts, request);
    const options = writeOptionsOf(request.query, "CreateOptions");
    const body = await decode(request, TOKEN_REQUEST, { ...options, keepsEmpties: true });
    const write = writeOf(parts, request, served, options);
    placeInNamespace(body, request.namespace);
    tokenRequest.defaults?.(body);
    const { status: _, ...stated } = body; // the server's to say
    trackBody(write, stated, TOKEN_REQUEST);
    const admission = admissionRequest(write, "CREATE", { kind: TOKEN_REQUEST });
    await parts.admission.mutate(body, admission);
    const asked = preparedRequest(body, request, issuer);
    await parts.admission.validate(asked, admission);
    return written(201, issueToken(asked, request, issuer), output);
  };
}
