/**
 * Acting as somebody else: `Impersonate-User` and its companions. Allowed in one of several ways, tried in this order:
 *
 *     impersonate:<mode> and impersonate-on:<mode>:<verb>   for a node, a service account or another user, and only for what the rules name
 *     impersonate                                           for anything
 *
 * The first refusal is what the caller is told, as upstream has it.
 */

import { badRequest } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { forbiddenError } from "../authz/forbidden.ts";
import { withVerb, type Attributes, type Authorizer, type Credentials, type User } from "../request.ts";
import { AUTHENTICATED, UNAUTHENTICATED } from "./authentication.ts";
import { extraIn, valuesOf } from "./request-header.ts";
import { serviceAccountGroups } from "./service-account.ts";
import { accountIn, isOnNode } from "./account.ts";

const PREFIX = "impersonate-";
const EXTRA = "impersonate-extra-";

/**
 * The user that the request is to be treated as: `attributes.user` itself when nobody else is asked for. Throws ApiError Forbidden or
 * BadRequest. `attributes` are those of the request, with its real user.
 */
export async function impersonatedUser(
  headers: Credentials["headers"],
  attributes: Attributes,
  authorizer: Authorizer,
): Promise<User> {
  const wanted = wantedUser(headers);
  if (!wanted) return attributes.user;
  let first: unknown;
  for (const mode of modesFor(wanted, attributes.user)) {
    try {
      return await asUser(wanted, mode, attributes, authorizer);
    } catch (err) {
      first ??= err;
    }
  }
  throw first;
}

/** Whether the request asks to be somebody else's, so that most requests pay for one look-up. */
export function isImpersonating(headers: Credentials["headers"]): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return wantedUser(headers) !== undefined;
  return false;
}

function wantedUser(headers: Credentials["headers"]): User | undefined {
  const name = firstOf(headers["impersonate-user"]);
  const uid = firstOf(headers["impersonate-uid"]);
  const groups = valuesOf(headers["impersonate-group"]);
  const extra = extraIn(headers, EXTRA);
  const hasExtra = Object.keys(extra).length > 0;
  if (name) return { name, groups, ...(uid && { uid }), ...(hasExtra && { extra }) };
  if (!uid && groups.length === 0 && !hasExtra) return undefined;
  throw badRequest(`requested ${goUser(uid, groups, extra)} without impersonating a user name`);
}

function firstOf(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? "";
}

/** As Go's `%#v` prints it: it is in upstream's message. */
function goUser(
  uid: string,
  groups: readonly string[],
  extra: Readonly<Record<string, readonly string[]>>,
): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(quote).join(", ")}}`;
  const entries = Object.keys(extra)
    .sort()
    .map((key) => `${quote(key)}:${list(extra[key]!)}`);
  const groupsText = groups.length > 0 ? list(groups) : "[]string(nil)";
  const extraText =
    entries.length > 0 ? `map[string][]string{${entries.join(", ")}}` : "map[string][]string(nil)";
  return `&user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${groupsText}, Extra:${extraText}}`;
}

type Mode = "associated-node" | "arbitrary-node" | "serviceaccount" | "user-info" | "legacy";

function modesFor(wanted: User, requestor: User): Mode[] {
  const node = nodeNameIn(wanted.name);
  const account = accountIn(wanted.name);
  const isBare = !wanted.uid && wanted.groups.length === 0 && !wanted.extra;
  const modes: Mode[] = [];
  if (isBare && node && isOnNode(requestor, node)) modes.push("associated-node");
  if (isBare && node) modes.push("arbitrary-node");
  if (isBare && account) modes.push("serviceaccount");
  if (!node && !account) modes.push("user-info");
  modes.push("legacy");
  return modes;
}

function nodeNameIn(user: string): string | undefined {
  const name = /^system:node:([a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/.exec(user)?.[1];
  return name;
}

async function asUser(wanted: User, mode: Mode, request: Attributes, authorizer: Authorizer): Promise<User> {
  const isLegacy = mode === "legacy";
  const allow = async (attributes: Attributes): Promise<void> => {
    const decision = await authorizer.authorize(attributes);
    if (!decision.allowed) throw forbiddenError(attributes, decision.reason);
  };
  if (!isLegacy) await allow(withVerb(request, `impersonate-on:${mode}:${request.verb}`));
  const verb = isLegacy ? "impersonate" : `impersonate:${mode}`;
  const about = (group: string, resource: string, name: string): Attributes => ({
    user: request.user,
    verb,
    isResource: true,
    group,
    version: "v1",
    resource,
    subresource: "",
    namespace: "",
    name,
    path: "",
  });
  const authentication = "authentication.k8s.io";
  const userGroup = isLegacy ? "" : authentication;
  const account = accountIn(wanted.name);
  const node = isLegacy ? undefined : nodeNameIn(wanted.name);
  if (account) {
    await allow({ ...about(userGroup, "serviceaccounts", account.name), namespace: account.namespace });
  } else if (node) {
    await allow(about(userGroup, "nodes", mode === "associated-node" ? "*" : node));
  } else {
    await allow(about(userGroup, "users", wanted.name));
  }
  if (wanted.uid) await allow(about(authentication, "uids", wanted.uid));
  for (const group of wanted.groups) {
    const attributes = about(userGroup, "groups", group);
    if (!isLegacy && group === "system:masters") {
      throw forbiddenError(attributes, "impersonating the system:masters group is not allowed");
    }
    await allow(attributes);
  }
  for (const [key, values] of Object.entries(wanted.extra ?? {})) {
    for (const value of values) {
      await allow({ ...about(authentication, "userextras", value), subresource: key });
    }
  }
  return completed(wanted, account?.namespace, node);
}

/** With the groups that a user of this sort always has. */
function completed(wanted: User, namespace: string | undefined, node: string | undefined): User {
  const groups = [...wanted.groups];
  if (groups.length === 0 && namespace) groups.push(...serviceAccountGroups(namespace));
  if (groups.length === 0 && node) groups.push("system:nodes");
  if (wanted.name === "system:anonymous") {
    if (!groups.includes(UNAUTHENTICATED)) groups.push(UNAUTHENTICATED);
  } else if (!groups.includes(UNAUTHENTICATED) && !groups.includes(AUTHENTICATED)) {
    groups.push(AUTHENTICATED);
  }
  return { ...wanted, groups };
}
