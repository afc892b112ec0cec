/**
 * ServiceAccount: every pod runs as one, and finds its token mounted. The account `default` is made by a controller, so a pod that comes with its
 * namespace may be here first: it waits for it a moment.
 */

import { randomInt } from "node:crypto";
import { serviceAccount as accountKind } from "@knarr/kinds/core/service-account.ts";
import type { Container, Pod, ServiceAccount, Volume } from "@knarr/kinds/generated/core-v1.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { Caches } from "../../cache/cache.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

const DEFAULT = "default";
const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
const MIRROR = "kubernetes.io/config.mirror";
/** A token's life; the agent renews it long before. The odd seconds are how such tokens are known. */
const TOKEN_SECONDS = 3607;
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
/** How long to wait for the account `default`. */
const PATIENCE_MS = 1000;

type PodWith = Pod & { metadata: object; spec: NonNullable<Pod["spec"]> };

export function serviceAccountPlugin(caches: Caches): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    handles: ["CREATE"],

    mutate(pod: PodWith, request, world) {
      if (!isFor(request, "", "pods")) return;
      if (pod.metadata?.annotations?.[MIRROR] !== undefined) return checkMirror(pod, request);
      const { spec } = pod;
      spec.serviceAccountName ||= DEFAULT;
      spec.serviceAccount = spec.serviceAccountName;
      const account = world.get(accountKind, `${request.namespace}/${spec.serviceAccountName}`);
      if (account) return equip(pod, account);
      if (spec.serviceAccountName !== DEFAULT) throw noAccount(pod, request);
      return waitForDefault(caches, request.namespace).then((made) => {
        if (!made) throw noAccount(pod, request);
        equip(pod, made);
      });
    },

    validate(pod: PodWith, request, world) {
      if (!isFor(request, "", "pods") || pod.metadata?.annotations?.[MIRROR] !== undefined) return;
      const { serviceAccountName } = pod.spec;
      if (!serviceAccountName)
        throw refused(
          request,
          pod as never,
          `no service account specified for pod ${request.namespace}/${pod.metadata?.name}`,
        );
      checkAccount(pod, request, world);
    },
  };
}

function checkAccount(pod: PodWith, request: AdmissionRequest, world: World): void {
  if (!world.get(accountKind, `${request.namespace}/${pod.spec.serviceAccountName}`))
    throw noAccount(pod, request);
}

function noAccount(pod: PodWith, request: AdmissionRequest) {
  const { serviceAccountName: name = "" } = pod.spec;
  return refused(
    request,
    pod as never,
    `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

/** Pods that mirror a file on a node run outside the API: nothing of it can be theirs. */
function checkMirror(pod: PodWith, request: AdmissionRequest): void {
  const refuse = (why: string) => refused(request, pod as never, why);
  if (pod.spec.serviceAccountName) throw refuse("a mirror pod may not reference service accounts");
  const sources = (pod.spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  if ((pod.spec.volumes ?? []).some(({ secret }) => secret) || sources.some(({ secret }) => secret))
    throw refuse("a mirror pod may not reference secrets");
  if (sources.some(({ serviceAccountToken }) => serviceAccountToken))
    throw refuse("a mirror pod may not use ServiceAccountToken volume projections");
}

function equip({ spec }: PodWith, account: ServiceAccount): void {
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
    spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name: name ?? "" }));
}

function mountToken(spec: PodWith["spec"]): void {
  const there = spec.volumes?.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const name = there?.name ?? `${VOLUME_PREFIX}${suffix()}`;
  let isMounted = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH)) return;
    (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: TOKEN_PATH });
    isMounted = true;
  };
  spec.initContainers?.forEach(mount);
  spec.containers?.forEach(mount);
  if (isMounted && !there) (spec.volumes ??= []).push(tokenVolume(name));
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

function suffix(): string {
  let text = "";
  for (let i = 0; i < 5; i++) text += LETTERS[randomInt(LETTERS.length)];
  return text;
}

async function waitForDefault(caches: Caches, namespace: string): Promise<ServiceAccount | undefined> {
  const key = `${namespace}/${DEFAULT}`;
  const { promise, resolve } = Promise.withResolvers<ServiceAccount | undefined>();
  using _subscription = caches.of(accountKind as never).subscribe((changes) => {
    const change = changes.find(({ item, type }) => item.key === key && type !== "DELETED");
    if (change) resolve(change.item.object as unknown as ServiceAccount);
  });
  const timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
