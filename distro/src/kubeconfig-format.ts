/** What stands in a kubeconfig, of what Knarr reads or must not pass over; other fields are left alone, as upstream leaves them. */

import {
  fields,
  FLAG,
  listOf,
  TEXT,
  TEXTS,
  typedConfig,
  type ConfigFormat,
} from "@knarr/machinery/config-file.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

interface Named {
  readonly name?: string;
}

export interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly (Named & {
    readonly context?: { readonly cluster?: string; readonly user?: string };
  })[];
  readonly clusters?: readonly (Named & { readonly cluster?: Cluster })[];
  readonly users?: readonly (Named & { readonly user?: User })[];
}

export interface Cluster {
  readonly server?: string;
  readonly "certificate-authority"?: string;
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
}

export interface User {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

const BASE64 = { type: "string", format: "byte" } as const;
const ANY = { type: "any" } as const;
const ofName = (name: string, settings: Parameters<typeof fields>[0]) =>
  listOf(fields({ name: TEXT, [name]: fields(settings) }));

export const KUBECONFIG: ConfigFormat = {
  kinds: ["v1 Config"],
  isNamedByUse: true,
  isSecret: true,
  schema: fields({
    "current-context": TEXT,
    contexts: ofName("context", { cluster: TEXT, user: TEXT, namespace: TEXT }),
    clusters: ofName("cluster", {
      ...{ server: TEXT, "tls-server-name": TEXT, "insecure-skip-tls-verify": FLAG, "proxy-url": TEXT },
      ...{ "certificate-authority": TEXT, "certificate-authority-data": BASE64 },
    }),
    users: ofName("user", {
      ...{ token: TEXT, tokenFile: TEXT, username: TEXT, password: TEXT, exec: ANY, "auth-provider": ANY },
      ...{ "client-certificate": TEXT, "client-certificate-data": BASE64 },
      ...{ "client-key": TEXT, "client-key-data": BASE64 },
      ...{ as: TEXT, "as-uid": TEXT, "as-groups": TEXTS, "as-user-extra": ANY },
    }),
  }),
};

/** What has its types; `errors` get the rest. */
export function typedKubeconfig(value: unknown, errors: FieldErrors): Kubeconfig {
  return typedConfig<Kubeconfig>(value, { ...KUBECONFIG, ignored: [] }, errors);
}
