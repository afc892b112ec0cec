/**
 * An admission plugin: a rule that needs to see the cluster or the user, which a kind's own validation may not.
 *
 * `mutate` runs before validation of the kind, in the order of the list in `admission.ts`; `validate` after it and must not
 * change the object. Refuse by throwing an ApiError in upstream's words. `mutate` changes the object that it is given, may be called a
 * second time for one request (see Reinvocation), and leaves an object with all its defaults.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { AdmissionRequest } from "../request.ts";

export interface AdmissionPlugin {
  /** Upstream's name, as in `--enable-admission-plugins`. */
  readonly name: string;
  /** Only on when asked for. */
  readonly isOffByDefault?: boolean;
  /** A rule that upstream has elsewhere and nobody can turn off. */
  readonly isAlwaysOn?: boolean;
  readonly handles: readonly AdmissionRequest["operation"][];
  /** `object` is undefined for DELETE; for CONNECT it is the options of exec, attach, portforward or proxy. */
  /** Whether it has to do with the request at all; asked first, so that a plugin that waits costs only those writes something that are its business. */
  concerns?(request: AdmissionRequest, world: World): boolean;
  mutate?(object: any, request: AdmissionRequest, world: World): Promise<void> | void;
  validate?(object: any, request: AdmissionRequest, world: World): Promise<void> | void;
}

/** What plugins may read: the server's own cache, current at the time of the request. */
export interface World {
  get<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined;
  list<T extends ApiObject>(resource: Resource<T>, namespace?: string): readonly T[];
}
