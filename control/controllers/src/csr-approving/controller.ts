/**
 * CSR approver: what a kubelet asks for to log in is granted when its user may have that: a certificate for itself
 * (`selfnodeclient`) or for any node (`nodeclient`). All other requests are for people to decide.
 */

import { defineController, type Context } from "@knarr/client/controller.ts";
import { subjectAccessReview } from "@knarr/kinds/authorization/subject-access-review.ts";
import { certificateSigningRequest } from "@knarr/kinds/certificates/certificate-signing-request.ts";
import type { SubjectAccessReview } from "@knarr/kinds/generated/authorization-v1.ts";
import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { parseRequest } from "@knarr/kinds/shared/certificates/request.ts";
import type { Cache } from "@knarr/client/cache.ts";
import { hasCondition, KUBELET_CLIENT, kubeletClientProblem } from "../certificate-requests.ts";

/** What may be granted was refused may be granted now: rights came. */
const wakesUndecided = (_changed: unknown, cache: Cache): readonly string[] =>
  cache
    .list(certificateSigningRequest)
    .filter((request) => request.spec.signerName === KUBELET_CLIENT && !isDecided(request))
    .map(({ metadata }) => metadata.name!);

export const csrApprovingController = defineController<CertificateSigningRequest>({
  name: "csrapproving",
  for: certificateSigningRequest,
  watches: [
    { resource: clusterRole, wakes: wakesUndecided },
    { resource: clusterRoleBinding, wakes: wakesUndecided },
  ],
  writes: {
    "certificatesigningrequests.certificates.k8s.io/approval": ["update"],
    "subjectaccessreviews.authorization.k8s.io": ["create"],
  },

  async reconcile(key, { cache, api }) {
    const request = cache.get(certificateSigningRequest, key);
    if (!request || request.spec.signerName !== KUBELET_CLIENT || isDecided(request)) return;
    const { spec, status } = request;
    const asked = parseRequest(spec.request);
    if (kubeletClientProblem(asked, spec.usages ?? [])) return;
    const isOwn = spec.username === asked.subject.commonName;
    const message =
      isOwn && (await may(api, request, "selfnodeclient"))
        ? "Auto approving self kubelet client certificate after SubjectAccessReview."
        : (await may(api, request, "nodeclient"))
          ? "Auto approving kubelet client certificate after SubjectAccessReview."
          : undefined;
    if (message === undefined) return;
    const approved = { type: "Approved", status: "True", reason: "AutoApproved", message };
    const conditions = [...(status?.conditions ?? []), approved];
    await api.updateSubresource(
      certificateSigningRequest,
      { ...request, status: { ...status, conditions } },
      "approval",
    );
  },
});

function isDecided(request: CertificateSigningRequest): boolean {
  return Boolean(
    request.status?.certificate || hasCondition(request, "Approved") || hasCondition(request, "Denied"),
  );
}

async function may(
  api: Context["api"],
  { spec }: CertificateSigningRequest,
  subresource: "selfnodeclient" | "nodeclient",
): Promise<boolean> {
  const { username: user, uid, groups, extra } = spec;
  const review = (await api.create(subjectAccessReview, {
    metadata: {},
    spec: {
      ...(user !== undefined && { user }),
      ...(uid !== undefined && { uid }),
      ...(groups && { groups }),
      ...(extra && { extra }),
      resourceAttributes: {
        group: "certificates.k8s.io",
        version: "*",
        resource: "certificatesigningrequests",
        verb: "create",
        subresource,
      },
    },
  })) as SubjectAccessReview;
  return review.status?.allowed ?? false;
}
