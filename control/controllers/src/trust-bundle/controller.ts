/**
 * Trust bundle publisher: the authority that signs the API server's certificate, as a ClusterTrustBundle that pods can mount. Its name has
 * the hash of what it holds, so another authority is another bundle, and the former one goes.
 */

import { createHash } from "node:crypto";
import { defineController, type Controller } from "@knarr/client/controller.ts";
import { clusterTrustBundle } from "@knarr/kinds/certificates/cluster-trust-bundle.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import type { ClusterTrustBundle } from "@knarr/kinds/generated/certificates-v1beta1.ts";
import { isAlreadyExists, isNotFound } from "@knarr/machinery/status.ts";

export const SERVING_SIGNER = "kubernetes.io/kube-apiserver-serving";
const HASH_DIGITS = 24;

/** Publishes `rootCaPem`. */
export function trustBundleController(rootCaPem: string): Controller<ClusterTrustBundle> {
  const hash = createHash("sha256").update(rootCaPem).digest("hex").slice(0, HASH_DIGITS);
  const own = `${SERVING_SIGNER.replaceAll("/", ":")}:${hash}`;
  return defineController<ClusterTrustBundle>({
    name: "clustertrustbundlepublisher",
    for: clusterTrustBundle,
    // Some object must wake it before there is a bundle: every cluster has this namespace.
    watches: [
      { resource: namespace, wakes: ({ metadata }) => (metadata.name === "kube-system" ? [own] : []) },
    ],
    writes: { "clustertrustbundles.certificates.k8s.io": ["create", "update", "delete"] },

    async reconcile(key, { cache, api }) {
      const current = cache.get(clusterTrustBundle, key);
      if (key !== own) {
        if (current?.spec.signerName === SERVING_SIGNER)
          await api.delete(clusterTrustBundle, key).catch(unless(isNotFound));
        return;
      }
      const spec = { signerName: SERVING_SIGNER, trustBundle: rootCaPem };
      if (!current)
        await api
          .create(clusterTrustBundle, { metadata: { name: own }, spec })
          .catch(unless(isAlreadyExists));
      else if (current.spec.trustBundle !== rootCaPem)
        await api.update(clusterTrustBundle, { ...current, spec });
    },
  });
}

function unless(isFine: (err: unknown) => boolean): (err: unknown) => void {
  return (err) => {
    if (!isFine(err)) throw err;
  };
}
