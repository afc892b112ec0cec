/** CertificateSigning: certificates are issued, and requests said to have failed, by those who may sign for their signer. */

import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Authorizer } from "../../request.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";
import { mayActForSigner } from "../signer-access.ts";

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    handles: ["UPDATE"],

    concerns: (request) => isFor(request, "certificates.k8s.io", "certificatesigningrequests", "status"),

    async validate(object, request) {
      const { spec, status } = request.previous as CertificateSigningRequest;
      if (semanticEqual(object.status, status)) return;
      const { signerName } = spec;
      if (await mayActForSigner(authorizer, request.user, { verb: "sign", signerName })) return;
      throw refused(
        request,
        object,
        `user not permitted to sign requests with signerName ${quote(signerName)}`,
      );
    },
  };
}
