/** Requests that are right, as a client would send them: what stands around the wrong ones. */

import { NAMESPACE } from "./places.ts";
import type { FuzzRequest } from "./requests.ts";

/** Where namespaced objects of the core group are. */
export const HERE = `/api/v1/namespaces/${NAMESPACE}`;
export const HERE_ONLY = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } } };

export function get(path: string, headers: Readonly<Record<string, string>> = {}): FuzzRequest {
  return { method: "GET", path, headers };
}

export function deletionOf(path: string): FuzzRequest {
  return { method: "DELETE", path, headers: {} };
}

export function post(path: string, object: object): FuzzRequest {
  return { method: "POST", path, ...jsonBody(object) };
}

export function put(path: string, object: object): FuzzRequest {
  return { method: "PUT", path, ...jsonBody(object) };
}

/** `type` is what comes after `application/`. */
export function patch(path: string, type: PatchType, content: unknown): FuzzRequest {
  return { method: "PATCH", path, ...jsonBody(content, type) };
}

type PatchType = "apply-patch+yaml" | "json-patch+json" | "merge-patch+json" | "strategic-merge-patch+json";

function jsonBody(value: unknown, type: PatchType | "json" = "json") {
  return { headers: { "content-type": `application/${type}` }, body: Buffer.from(JSON.stringify(value)) };
}
