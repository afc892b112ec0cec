/** For tests of admission policies: a server, and short ways to say what binds what. */

import { mutatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/mutating-admission-policy.ts";
import { validatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import { startTestServer, type TestServer } from "../../testing/server.ts";

export interface PolicyServer extends TestServer {
  /** A policy for ConfigMaps that are created, and a binding of the same name. */
  validating(name: string, spec: object, binding?: object): Promise<void>;
  mutating(name: string, spec: object, binding?: object): Promise<void>;
  /** A ConfigMap of the default namespace, as it is stored. */
  made(name: string, fields?: object): Promise<any>;
}

/** What is thrown, and an error if nothing is. */
export async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (err) {
    return err as ApiError;
  }
  throw new Error("Nothing was refused");
}

export function creating(...resources: string[]) {
  return {
    resourceRules: [{ operations: ["CREATE"], apiGroups: ["*"], apiVersions: ["*"], resources }],
  };
}

export async function startPolicyServer(): Promise<PolicyServer> {
  const server = await startTestServer();
  const { api } = server;
  const matchConstraints = creating("configmaps");
  return {
    ...server,
    async validating(name, spec, binding = {}) {
      await api.create(validatingAdmissionPolicy, {
        metadata: { name },
        spec: { matchConstraints, ...spec },
      });
      const bound = { policyName: name, validationActions: ["Deny"], ...binding };
      await api.create(validatingAdmissionPolicyBinding, { metadata: { name }, spec: bound });
    },
    async mutating(name, spec, binding = {}) {
      const whole = { matchConstraints, reinvocationPolicy: "Never", ...spec };
      await api.create(mutatingAdmissionPolicy, { metadata: { name }, spec: whole } as never);
      const bound = { policyName: name, ...binding };
      await api.create(mutatingAdmissionPolicyBinding, { metadata: { name }, spec: bound });
    },
    made: (name, fields = {}) =>
      api.create(configMap, { metadata: { name, namespace: "default" }, ...fields }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
