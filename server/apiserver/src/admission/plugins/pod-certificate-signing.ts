/**
 * PodCertificateSigning: the outcome of a PodCertificateRequest is written by those who may sign for its signer, and certificates are issued
 * when they are asked for. Upstream checks it in the storage of the kind; it is a rule that needs the user and the clock.
 */

import type { PodCertificateRequest } from "@knarr/kinds/generated/certificates-v1beta1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { invalid } from "@knarr/machinery/status.ts";
import { parseTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Authorizer } from "../../request.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";
import { mayActForSigner } from "../signer-access.ts";

const SKEW_MS = 5 * 60_000;

export function podCertificateSigning(authorizer: Authorizer, clock: Clock): AdmissionPlugin {
  return {
    name: "PodCertificateSigning",
    isAlwaysOn: true,
    handles: ["UPDATE"],

    concerns: (request) => isFor(request, "certificates.k8s.io", "podcertificaterequests", "status"),

    async validate(object: PodCertificateRequest, request) {
      const previous = request.previous as PodCertificateRequest;
      if (semanticEqual(object.status, previous.status)) return;
      const errors = new FieldErrors();
      const { notBefore } = object.status ?? {};
      const { signerName } = previous.spec;
      if (notBefore && Math.abs(parseTime(notBefore) - clock.now()) >= SKEW_MS)
        errors
          .at("status")
          .at("notBefore")
          .invalid(notBefore, "must be set to within 5 minutes of kube-apiserver's current time");
      else if (!(await mayActForSigner(authorizer, request.user, { verb: "sign", signerName })))
        errors
          .at("spec")
          .at("signerName")
          .forbidden(
            `User ${quote(request.user.name)} is not permitted to "sign" for signer ${quote(signerName)}`,
          );
      if (errors.list.length > 0) throw invalid(request.kind, object.metadata.name ?? "", errors.list);
    },
  };
}
