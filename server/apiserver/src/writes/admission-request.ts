/** A write as admission sees it. Most plugins look at little of it, so what costs something is made when asked for. */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { MAX_WRITE_MS } from "../pipeline/deadline.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Stage } from "../pipeline/stages.ts";
import { Reinvocation, type AdmissionRequest, type GroupVersionKind, type User } from "../request.ts";
import type { Write } from "./write.ts";

type Operation = AdmissionRequest["operation"];
type Options = Readonly<Record<string, unknown>>;

/** What is not as in most writes. */
export interface AdmissionDetails {
  readonly previous?: ApiObject;
  /** For subresources that take a body of their own. */
  readonly kind?: GroupVersionKind | undefined;
  /** For DELETE. Others are those of the query. */
  readonly options?: () => Options;
}

export function admissionRequest(
  write: Write,
  operation: Operation,
  details: AdmissionDetails = {},
): AdmissionRequest {
  return new WriteAdmission(write, operation, details);
}

class WriteAdmission implements AdmissionRequest {
  readonly user: User;
  readonly operation: Operation;
  readonly resource: Resource<any>;
  readonly subresource: string;
  readonly kind: GroupVersionKind;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly previous: ApiObject | undefined;
  readonly reinvocation = new Reinvocation();
  readonly givesBack: (() => void | Promise<void>)[] = [];
  readonly #request: ApiRequest;
  readonly #makeOptions: (() => Options) | undefined;
  #options: Options | undefined;

  constructor(write: Write, operation: Operation, { previous, kind, options }: AdmissionDetails) {
    const { request, served, subresource, name } = write;
    const { resource } = served;
    this.user = request.user;
    this.operation = operation;
    this.resource = resource;
    this.subresource = subresource;
    this.kind = kind ?? resource;
    this.namespace = isNamespace(resource) ? name : write.namespace;
    this.name = name;
    this.dryRun = write.options.dryRun;
    this.previous = previous;
    this.#request = request;
    this.#makeOptions = options;
  }

  get options(): Options | undefined {
    return (this.#options ??= this.#makeOptions?.() ?? optionsInQuery(this.operation, this.#request.query));
  }

  get remainingMs(): number {
    return this.#request.remainingMs(this.operation === "CONNECT" ? Infinity : MAX_WRITE_MS);
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  took(stage: Stage, milliseconds: number): void {
    this.#request.stages.add(stage, milliseconds);
  }

  warn(text: string): void {
    this.#request.warn(text);
  }

  annotate(key: string, value: string, { level }: { readonly level?: "Request" } = {}): void {
    this.#request.annotate(key, value, level);
  }
}

function isNamespace({ group, plural }: Resource<any>): boolean {
  return plural === "namespaces" && group === "";
}

/** Upstream's own options object: what a PATCH is sent with is shown as options of the update or create that it comes to. */
function optionsInQuery(operation: Operation, query: URLSearchParams): Options | undefined {
  if (operation === "CONNECT") return undefined;
  const dryRun = query.getAll("dryRun");
  const fieldManager = query.get("fieldManager");
  const fieldValidation = query.get("fieldValidation");
  return {
    kind: operation === "CREATE" ? "CreateOptions" : "UpdateOptions",
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun.length > 0 && { dryRun }),
    ...(fieldManager && { fieldManager }),
    ...(fieldValidation && { fieldValidation }),
  };
}
