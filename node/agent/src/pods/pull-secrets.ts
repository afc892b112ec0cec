/** Credentials for an image's registry, from the pod's imagePullSecrets. Pure. */

import type { AuthConfig } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Secret } from "@knarr/kinds/generated/core-v1.ts";

interface DockerAuth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

/** The most specific entry of each secret that is for the image's registry. Secrets that are not what they should be are left out. */
export function credentialsFor(image: string, secrets: readonly Secret[]): Sent<AuthConfig>[] {
  const wanted = withRegistry(image);
  return secrets.flatMap((secret) => {
    const entries = Object.entries(authsOf(secret)).filter(([registry]) => covers(address(registry), wanted));
    const [best] = entries.sort(([one], [other]) => other.length - one.length);
    return best ? [authConfig(best[0], best[1])] : [];
  });
}

function authsOf({ type, data = {} }: Secret): Record<string, DockerAuth> {
  const text = data[type === "kubernetes.io/dockercfg" ? ".dockercfg" : ".dockerconfigjson"];
  if (text === undefined) return {};
  try {
    const parsed = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    return (type === "kubernetes.io/dockercfg" ? parsed : parsed.auths) ?? {};
  } catch {
    return {}; // the API checked it when it was written; an old one may still be broken
  }
}

function authConfig(registry: string, { auth = "", username, password }: DockerAuth): Sent<AuthConfig> {
  const [user = "", ...rest] = Buffer.from(auth, "base64").toString("utf8").split(":");
  return {
    username: username ?? user,
    password: password ?? rest.join(":"),
    serverAddress: registry,
  };
}

/** `busybox` → `docker.io/library/busybox`. */
function withRegistry(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${first}`;
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? image : `docker.io/${image}`;
}

/** `https://index.docker.io/v1/` → `docker.io`. */
function address(registry: string): string {
  const bare = registry.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
  return bare.replace(/^(index|registry-1)\.docker\.io/, "docker.io");
}

function covers(registry: string, image: string): boolean {
  const [host = "", ...path] = registry.split("/");
  const [imageHost = "", ...imagePath] = image.split("/");
  const hostFits = host.startsWith("*.") ? imageHost.endsWith(host.slice(1)) : host === imageHost;
  return hostFits && (path.length === 0 || imagePath.join("/").startsWith(path.join("/")));
}
