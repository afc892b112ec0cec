/**
 * Bootstrap signer: the ConfigMap kube-public/cluster-info says where the cluster is and whose certificates to believe. It is signed with every
 * bootstrap token that may sign, so that a machine that has only the token can tell that nobody changed it on the way:
 *
 *     jws-kubeconfig-<id>: <header>..<signature>      JWS with the content left out (RFC 7515, appendix F), HS256 by the token's secret
 */

import { createHmac } from "node:crypto";
import { defineController, type Context } from "@knarr/client/controller.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenOf,
  type BootstrapToken,
} from "@knarr/kinds/shared/bootstrap-token.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";

const CLUSTER_INFO = "kube-public/cluster-info";
const CONTENT = "kubeconfig";
const SIGNATURE = "jws-kubeconfig-";

export const bootstrapSignerController = defineController({
  name: "bootstrap-signer",
  for: configMap,
  concerns: ({ metadata }) => `${metadata.namespace}/${metadata.name}` === CLUSTER_INFO,
  watches: [{ resource: secret, wakes: ({ type }) => (type === BOOTSTRAP_TOKEN_TYPE ? [CLUSTER_INFO] : []) }],
  writes: { configmaps: ["update"] },

  async reconcile(key, context) {
    const { cache, api } = context;
    const current = cache.get(configMap, key);
    const content = current?.data?.[CONTENT];
    if (!current || content === undefined) return;
    const tokens = signingTokens(context);
    const data = signed(current.data!, content, tokens);
    const next = Math.min(...tokens.map(({ expires = Infinity }) => expires));
    if (!isSame(data, current.data!)) {
      await api.update(configMap, { ...current, data }).catch((err: unknown) => {
        if (!isConflict(err) && !isNotFound(err)) throw err; // its change wakes us again
      });
    }
    return next === Infinity ? undefined : { againInMs: next - context.clock.now() };
  },
});

function signingTokens({ cache, clock }: Context): readonly BootstrapToken[] {
  return cache.list(secret, BOOTSTRAP_TOKEN_NAMESPACE).flatMap((object) => {
    const token = bootstrapTokenOf(object);
    const isGood = token?.maySign && token.secret && (token.expires ?? Infinity) > clock.now();
    return isGood ? [token] : [];
  });
}

/** `data` with the signatures of `tokens` and no others. */
function signed(
  data: Readonly<Record<string, string>>,
  content: string,
  tokens: readonly BootstrapToken[],
): Record<string, string> {
  const rest = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE));
  const signatures = tokens.map(({ id, secret }) => [`${SIGNATURE}${id}`, signatureOf(content, id, secret)]);
  return Object.fromEntries([...rest, ...signatures]);
}

export function signatureOf(content: string, id: string, secret: string): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64url");
  const header = base64(JSON.stringify({ alg: "HS256", kid: id }));
  const signature = createHmac("sha256", secret)
    .update(`${header}.${base64(content)}`)
    .digest("base64url");
  return `${header}..${signature}`;
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
