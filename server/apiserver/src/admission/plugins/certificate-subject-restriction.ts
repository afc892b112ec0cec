/** CertificateSubjectRestriction: nobody asks the signer of clients to make them a member of system:masters. */

import { parseRequest } from "@knarr/kinds/shared/certificates/request.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

const SIGNER = "kubernetes.io/kube-apiserver-client";
const MASTERS = "system:masters";

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  handles: ["CREATE"],

  validate(object, request) {
    if (!isFor(request, "certificates.k8s.io", "certificatesigningrequests")) return;
    if (object.spec.signerName !== SIGNER) return;
    if (parseRequest(object.spec.request).subject.organizations.includes(MASTERS))
      throw refused(request, object, `use of ${SIGNER} signer with ${MASTERS} group is not allowed`);
  },
};
