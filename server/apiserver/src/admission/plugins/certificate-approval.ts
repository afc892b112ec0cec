/** CertificateApproval: requests are approved by those who may approve for their signer. */

import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Authorizer } from "../../request.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";
import { mayActForSigner } from "../signer-access.ts";

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    handles: ["UPDATE"],

    concerns: (request) => isFor(request, "certificates.k8s.io", "certificatesigningrequests", "approval"),

    async validate(object, request) {
      const { signerName } = (request.previous as CertificateSigningRequest).spec;
      if (await mayActForSigner(authorizer, request.user, { verb: "approve", signerName })) return;
      throw refused(
        request,
        object,
        `user not permitted to approve requests with signerName ${quote(signerName)}`,
      );
    },
  };
}
