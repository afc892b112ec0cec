/** ClusterTrustBundleAttest: who says whom a signer trusts must be allowed to attest for it. */

import type { ClusterTrustBundle } from "@knarr/kinds/generated/certificates-v1beta1.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Authorizer } from "../../request.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";
import { mayActForSigner } from "../signer-access.ts";

export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    handles: ["CREATE", "UPDATE"],

    async validate(object, request) {
      if (!isFor(request, "certificates.k8s.io", "clustertrustbundles")) return;
      const { signerName } = object.spec;
      if (!signerName) return;
      if (request.previous && saysTheSame(object, request.previous)) return;
      if (await mayActForSigner(authorizer, request.user, { verb: "attest", signerName })) return;
      throw refused(request, object, `user not permitted to attest for signerName ${quote(signerName)}`);
    },
  };
}

/** What the garbage collector and a migration of storage change attests nothing. */
function saysTheSame(now: ClusterTrustBundle, before: ClusterTrustBundle): boolean {
  const said = ({ metadata: { labels = {}, annotations = {} }, spec }: ClusterTrustBundle): object => ({
    labels,
    annotations,
    spec,
  });
  return equalJson(said(now), said(before));
}
