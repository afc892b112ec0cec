/** Users that are service accounts, and what their tokens say of where they run. */

import type { User } from "../request.ts";

export function accountIn(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace && name ? { namespace, name } : undefined;
}

/** Whether it is the token of a pod on `node`. */
export function isOnNode(user: User, node: string): boolean {
  const names = user.extra?.["authentication.kubernetes.io/node-name"];
  return accountIn(user.name) !== undefined && names?.length === 1 && names[0] === node;
}
