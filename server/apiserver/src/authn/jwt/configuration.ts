/**
 * The authentication configuration: a file (`apiserver.config.k8s.io/v1` AuthenticationConfiguration, KEP-3331) that says whose tokens are good,
 * what user their claims make, and whether anybody may come without credentials.
 *
 *     apiVersion: apiserver.config.k8s.io/v1
 *     kind: AuthenticationConfiguration
 *     jwt:
 *       - issuer: { url: https://id.example.org, audiences: [knarr] }
 *         claimMappings:
 *           username: { claim: email, prefix: "" }
 *           groups: { expression: claims.roles.filter(r, r.startsWith("k8s-")) }
 */

import {
  fields,
  FLAG,
  listOf,
  parseConfig,
  refuseFindings,
  TEXT,
  TEXTS,
  typedConfig,
  type ConfigFormat,
} from "@knarr/machinery/config-file.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateAuthentication } from "./validation.ts";

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfiguration[];
  readonly anonymous: AnonymousConfiguration | undefined;
}

export interface AnonymousConfiguration {
  readonly enabled: boolean;
  /** Only these paths; none: all. */
  readonly conditions?: readonly { readonly path: string }[];
}

export interface JwtConfiguration {
  readonly issuer: {
    readonly url: string;
    readonly discoveryURL?: string;
    /** PEM; absent: what this machine trusts. */
    readonly certificateAuthority?: string;
    readonly audiences: readonly string[];
    readonly audienceMatchPolicy?: string;
  };
  readonly claimValidationRules?: readonly {
    readonly claim?: string;
    readonly requiredValue?: string;
    readonly expression?: string;
    readonly message?: string;
  }[];
  readonly claimMappings: {
    readonly username: Mapping;
    readonly groups?: Mapping;
    readonly uid?: Mapping;
    readonly extra?: readonly { readonly key: string; readonly valueExpression: string }[];
  };
  readonly userValidationRules?: readonly { readonly expression: string; readonly message?: string }[];
}

export interface Mapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

const MAPPING = fields({ claim: TEXT, prefix: TEXT, expression: TEXT });

export const AUTHENTICATION: ConfigFormat = {
  kinds: ["v1", "v1beta1", "v1alpha1"].map(
    (version) => `apiserver.config.k8s.io/${version} AuthenticationConfiguration`,
  ),
  schema: fields({
    anonymous: fields({ enabled: FLAG, conditions: listOf(fields({ path: TEXT })) }),
    jwt: listOf(
      fields({
        issuer: fields({
          ...{ url: TEXT, discoveryURL: TEXT, certificateAuthority: TEXT, egressSelectorType: TEXT },
          ...{ audiences: TEXTS, audienceMatchPolicy: TEXT },
        }),
        claimValidationRules: listOf(
          fields({ claim: TEXT, requiredValue: TEXT, expression: TEXT, message: TEXT }),
        ),
        claimMappings: fields({
          ...{ username: MAPPING, groups: MAPPING },
          uid: fields({ claim: TEXT, expression: TEXT }),
          extra: listOf(fields({ key: TEXT, valueExpression: TEXT })),
        }),
        userValidationRules: listOf(fields({ expression: TEXT, message: TEXT })),
      }),
    ),
  }),
};

/** Reads a configuration; throws an Error with everything that is wrong with it. `own`: the issuer of this server, which may not be used. */
export function authenticationConfigurationOf(
  text: string,
  path: string,
  own: string,
): AuthenticationConfiguration {
  const place = `the authentication configuration ${path}`;
  const errors = new FieldErrors();
  const value = parseConfig(text, place);
  const { jwt = [], anonymous } = typedConfig<Partial<AuthenticationConfiguration>>(
    value,
    AUTHENTICATION,
    errors,
  );
  validateAuthentication({ jwt, anonymous }, own, errors);
  refuseFindings(errors, place);
  return { jwt, anonymous };
}
