/**
 * Root CA publisher: every namespace has the ConfigMap `kube-root-ca.crt` with the authority that signs the API server's
 * certificate, which the service-account volume of every pod shows beside the token.
 */

import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import type { ConfigMap, Namespace } from "@knarr/kinds/generated/core-v1.ts";
import { isAlreadyExists, isNotFound } from "@knarr/machinery/status.ts";
import { defineController, type Controller } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "../batches.ts";

const NAME = "kube-root-ca.crt";
const FILE = "ca.crt";
const DESCRIPTION = "kubernetes.io/description";
const ABOUT =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/** Publishes `rootCaPem`. */
export function rootCaController(rootCaPem: string): Controller<Namespace> {
  return defineController<Namespace>({
    name: "root-ca-cert-publisher",
    for: namespace,
    watches: [
      {
        resource: configMap,
        wakes: ({ metadata }) => (metadata.name === NAME ? [metadata.namespace!] : []),
      },
    ],
    writes: { configmaps: ["create", "update"] },

    async reconcile(key, { cache, api }) {
      if (cache.get(namespace, key)?.status?.phase !== "Active") return;
      const current = cache.get(configMap, `${key}/${NAME}`);
      try {
        if (!current) await api.create(configMap, configMapOf(key, rootCaPem));
        else if (!isRight(current, rootCaPem)) {
          const { metadata } = current;
          const annotations = { ...metadata.annotations, [DESCRIPTION]: ABOUT };
          const data = { [FILE]: rootCaPem };
          await api.update(configMap, { ...current, metadata: { ...metadata, annotations }, data });
        }
      } catch (err) {
        if (!isAlreadyExists(err) && !isNotFound(err) && !isNamespaceTerminating(err)) throw err;
      }
    },
  });
}

function configMapOf(inNamespace: string, rootCaPem: string): ConfigMap {
  return {
    metadata: { name: NAME, namespace: inNamespace, annotations: { [DESCRIPTION]: ABOUT } },
    data: { [FILE]: rootCaPem },
  };
}

function isRight({ data, metadata }: ConfigMap, rootCaPem: string): boolean {
  const files = Object.keys(data ?? {});
  return files.length === 1 && data![FILE] === rootCaPem && !!metadata.annotations?.[DESCRIPTION];
}
