/**
 * The verbs, typed by kind. Thin: paths and queries on one side, a Transport on the other.
 *
 * Objects given to a verb are not changed; objects returned may be frozen. Errors are ApiErrors.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, ListOf } from "@knarr/machinery/object.ts";
import type { Selection } from "./transport.ts";

export interface Api {
  get<T extends ApiObject>(resource: Resource<T>, key: string): Promise<T>;
  list<T extends ApiObject>(resource: Resource<T>, selection?: Selection): Promise<ListOf<T>>;
  create<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T>;
  update<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T>;
  updateStatus<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T>;
  /** PUT of a subresource other than status (`finalize`, `approval`, …). */
  updateSubresource<T extends ApiObject>(resource: Resource<T>, object: T, subresource: string): Promise<T>;
  patch<T extends ApiObject>(
    resource: Resource<T>,
    key: string,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  delete<T extends ApiObject>(resource: Resource<T>, key: string, options?: DeleteOptions): Promise<void>;
  deleteCollection<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    options?: DeleteOptions,
  ): Promise<void>;
  /** GET of a subresource (`scale`). */
  getSubresource<T extends ApiObject>(resource: Resource<any>, key: string, subresource: string): Promise<T>;
  /** POST to a subresource (`binding`, `eviction`, `token`, …). */
  post<T extends ApiObject>(
    resource: Resource<any>,
    key: string,
    subresource: string,
    body: ApiObject,
  ): Promise<T>;
}

export interface PatchOptions {
  /** Default "merge"; "apply" is server-side apply and needs `fieldManager`. */
  readonly type?: "json" | "merge" | "strategic" | "apply";
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly uid?: string;
  readonly resourceVersion?: string;
}
