/**
 * A policy shows its parameters to everybody it judges: so who writes one, or binds one to some, must be able to read them. Upstream checks it
 * with the rules of the kinds.
 */

import { mutatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/mutating-admission-policy.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import type {
  ParamKind,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@knarr/kinds/generated/admissionregistration-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { parseGroupVersion } from "@knarr/machinery/object.ts";
import { invalid } from "@knarr/machinery/status.ts";
import { MASTERS } from "../../authn/authentication.ts";
import type { Authorization } from "../../authz/authorization.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest, User } from "../../request.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";

interface Checking {
  readonly request: AdmissionRequest;
  readonly world: World;
  readonly authorization: Authorization;
  readonly registry: Registry;
}

export function parameterAccess(authorization: Authorization, registry: Registry): AdmissionPlugin {
  return {
    name: "ParameterAccess",
    isAlwaysOn: true,
    handles: ["CREATE", "UPDATE"],

    validate(object, request, world) {
      const { resource, subresource, user } = request;
      if (resource.group !== "admissionregistration.k8s.io" || subresource !== "") return;
      if (user.groups.includes(MASTERS)) return;
      return check(object, { request, world, authorization, registry });
    },
  };
}

async function check(object: any, checking: Checking): Promise<void> {
  const { resource, name } = checking.request;
  const errors = new FieldErrors();
  if (resource.kind.endsWith("Policy")) await checkPolicy(object, errors, checking);
  if (resource.kind.endsWith("PolicyBinding")) await checkBinding(object, errors, checking);
  if (errors.list.length > 0) throw invalid(resource, name, errors.list);
}

/** Of all objects: a policy may be bound to any. */
async function checkPolicy(
  { spec }: ValidatingAdmissionPolicy,
  errors: FieldErrors,
  { request, authorization, registry }: Checking,
): Promise<void> {
  const { user, previous } = request;
  const paramKind = spec?.paramKind;
  if (!paramKind || isSameKind(paramKind, (previous as ValidatingAdmissionPolicy)?.spec?.paramKind)) return;
  const all = { ...parametersOf(paramKind, registry), name: "*", namespace: "*" };
  if (await mayRead(user, "get", all, authorization)) return;
  const { kind, apiVersion } = paramKind;
  const why = `user ${userText(user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
  errors.at("spec").at("paramKind").forbidden(why);
}

async function checkBinding(
  { spec }: ValidatingAdmissionPolicyBinding,
  errors: FieldErrors,
  { request, world, authorization, registry }: Checking,
): Promise<void> {
  const { user, resource } = request;
  if (!spec?.paramRef) return;
  const { name = "", namespace = "" } = spec.paramRef;
  const isMutating = resource.kind.startsWith("Mutating");
  const policyKind: Resource<any> = isMutating ? mutatingAdmissionPolicy : validatingAdmissionPolicy;
  const policy = world.get(policyKind, spec.policyName) as ValidatingAdmissionPolicy | undefined;
  const parameters = parametersOf(policy?.spec?.paramKind, registry);
  const verb = name === "" ? "list" : "get";
  if (await mayRead(user, verb, { ...parameters, name, namespace }, authorization)) return;
  const unknown = policy ? parameters.unknown : `get policy ${spec.policyName}`;
  const who = userText(user);
  const [first, second] = isMutating ? [verb, who] : [who, verb]; // upstream mixes them up
  const why =
    unknown === undefined
      ? `user ${first} does not have "${second}" permission on the object referenced by paramRef`
      : `unable to ${unknown} to determine minimum required permissions and user ${who} does not have "${verb}" permission for all groups, versions and resources`;
  errors.at("spec").at("paramRef").forbidden(why);
}

function isSameKind(a: ParamKind, b: ParamKind | undefined): boolean {
  return a.kind === b?.kind && a.apiVersion === b?.apiVersion;
}

/** What is to be read, as far as it is known. */
interface Parameters {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** What would have to be done to know more of it. */
  readonly unknown?: string;
}

function parametersOf(paramKind: ParamKind | undefined, registry: Registry): Parameters {
  if (!paramKind) return { group: "*", version: "*", resource: "*" };
  const { apiVersion = "", kind = "" } = paramKind;
  const { group, version } = parseGroupVersion(apiVersion);
  const plural = registry.findKind(group, version, kind)?.resource.plural;
  if (plural !== undefined && registry.find(group, version, plural))
    return { group, version, resource: plural };
  return { group, version, resource: "*", unknown: `resolve paramKind &{${apiVersion} ${kind}}` };
}

async function mayRead(
  user: User,
  verb: string,
  {
    group,
    version,
    resource,
    name,
    namespace,
  }: Parameters & { readonly name: string; readonly namespace: string },
  authorization: Authorization,
): Promise<boolean> {
  const what = { isResource: true, group, version, resource, subresource: "", name, namespace, path: "" };
  return (await authorization.authorize({ user, verb, ...what })).allowed;
}

/** As Go prints it. */
function userText({ name, uid = "", groups, extra = {} }: User): string {
  const extraText = Object.keys(extra)
    .sort()
    .map((key) => `${key}:[${extra[key]!.join(" ")}]`);
  return `&{${name} ${uid} [${groups.join(" ")}] map[${extraText.join(" ")}]}`;
}
