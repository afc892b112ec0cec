/**
 * Conversion by webhook: a ConversionReview with all objects goes out, one with the converted objects comes back. A webhook may change what
 * an object says, its labels and its annotations, but not which object it is.
 */

import { randomUUID } from "node:crypto";
import type { CustomResourceConversion } from "@knarr/kinds/generated/apiextensions-v1.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateAnnotations, validateLabels } from "@knarr/machinery/metadata.ts";
import { isJsonObject, type ApiObject, type JsonObject } from "@knarr/machinery/object.ts";
import { copyJson, equalJson } from "@knarr/machinery/patch/copy.ts";
import { goKind, goType } from "@knarr/machinery/patch/go-print.ts";
import { plain500, type ApiError } from "@knarr/machinery/status.ts";
import type { WebhookClient } from "../../webhooks/client.ts";
import { WebhookFailure } from "../../webhooks/failure.ts";
import type { Converter } from "./converter.ts";

type WebhookConversion = NonNullable<CustomResourceConversion["webhook"]>;

/** Upstream's, for a client without a timeout of its own. */
const TIMEOUT_MS = 30_000;
const KNOWN_VERSIONS = ["v1", "v1beta1"];
const GROUP = "apiextensions.k8s.io";

export class WebhookConverter implements Converter {
  readonly #webhook: WebhookConversion;
  readonly #client: WebhookClient;

  constructor(webhook: WebhookConversion, client: WebhookClient) {
    this.#webhook = webhook;
    this.#client = client;
  }

  async convert(objects: readonly ApiObject[], apiVersion: string): Promise<ApiObject[]> {
    if (objects.length === 0) return [];
    const subject = `conversion webhook for ${kindText(objects[0]!)}`;
    const converted = await this.#ask(objects, apiVersion, subject);
    if (converted.length !== objects.length)
      throw plain500(`${subject} returned ${converted.length} objects, expected ${objects.length}`);
    const isSingle = objects.length === 1;
    return objects.map((object, i) => {
      const wordings = isSingle
        ? { kind: "object at index 0", identity: "object", metadata: "metadata" }
        : {
            kind: `converted object at index ${i}`,
            identity: `converted object at index ${i}`,
            metadata: `metadata in object at index ${i}`,
          };
      const invalid: Invalid = (what, why) =>
        plain500(`${subject} returned invalid ${wordings[what]}: ${why}`);
      return checked(object, converted[i], apiVersion, invalid);
    });
  }

  async #ask(
    objects: readonly ApiObject[],
    apiVersion: string,
    subject: string,
  ): Promise<readonly unknown[]> {
    const version = this.#webhook.conversionReviewVersions.find((name) => KNOWN_VERSIONS.includes(name));
    if (!version) throw plain500("no supported conversion review versions");
    const uid = randomUUID();
    const review = {
      kind: "ConversionReview",
      apiVersion: `${GROUP}/${version}`,
      request: { uid, desiredAPIVersion: apiVersion, objects },
    };
    let answer: unknown;
    try {
      answer = await this.#client.call(this.#webhook.clientConfig ?? {}, review, { timeoutMs: TIMEOUT_MS });
    } catch (err) {
      if (err instanceof WebhookFailure || err instanceof TypeError)
        throw plain500(`${subject} failed: ${err.message}`);
      throw err;
    }
    const found = convertedIn(answer as Review, version, uid);
    if (typeof found === "string") throw plain500(`${subject} failed: ${found}`);
    return found;
  }
}

interface Review {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly response?: {
    readonly uid?: string;
    readonly result?: { readonly status?: string; readonly message?: string };
    readonly convertedObjects?: readonly unknown[] | null;
  };
}

/** The objects of the answer, or what is wrong with it. */
function convertedIn(answer: Review | null, version: string, uid: string): readonly unknown[] | string {
  const { kind = "", apiVersion = "", response } = answer ?? {};
  const isOld = version !== "v1"; // its answers were never held to what they say they are
  if (!isOld && (kind !== "ConversionReview" || apiVersion !== `${GROUP}/v1`))
    return `expected webhook response of ${GROUP}/v1, Kind=ConversionReview, got ${goKind(apiVersion, kind)}`;
  if (!response) return "no response provided";
  if (!isOld && response.uid !== uid)
    return `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? "")}`;
  const { status = "", message } = response.result ?? {};
  if (status !== "Success") return message || `response.result.status was '${status}', not 'Success'`;
  return response.convertedObjects ?? [];
}

/** The error for an object that is not what was asked for, as a kind, as an object, or in its metadata. */
type Invalid = (what: "kind" | "identity" | "metadata", why: string) => ApiError;

/** `converted` with the metadata of `object`, but for labels and annotations. */
function checked(object: ApiObject, converted: unknown, apiVersion: string, invalid: Invalid): ApiObject {
  if (!isJsonObject(converted))
    throw invalid("kind", `json: cannot unmarshal ${goType(converted)} into an object`);
  const { kind = "", apiVersion: received = "", metadata } = converted;
  if (received !== apiVersion)
    throw invalid("kind", `invalid groupVersion (expected ${apiVersion}, received ${String(received)})`);
  if (kind !== object.kind)
    throw invalid("kind", `invalid kind (expected ${object.kind}, received ${String(kind)})`);
  if (metadata === undefined) throw invalid("metadata", "missing metadata in converted object");
  if (!isJsonObject(metadata))
    throw invalid("metadata", `invalid metadata of type ${goType(metadata)} in converted object`);
  for (const [field, name] of IDENTITY) {
    const [before, after] = [object.metadata[field] ?? "", metadata[field] ?? ""];
    if (before !== after)
      throw invalid("identity", `must have the same ${name}: ${before} != ${String(after)}`);
  }
  return { ...converted, metadata: restored(object, metadata, invalid) } as ApiObject;
}
const IDENTITY = [
  ["name", "name"],
  ["namespace", "namespace"],
  ["uid", "UID"],
] as const;

function restored(object: ApiObject, given: JsonObject, invalid: Invalid): ApiObject["metadata"] {
  const metadata = copyJson(object.metadata);
  for (const field of ["labels", "annotations"] as const) {
    const value = given[field];
    if (value === undefined || value === null) {
      delete metadata[field];
      continue;
    }
    if (!isJsonObject(value))
      throw invalid("metadata", `invalid metadata.${field} of type ${goType(value)} in converted object`);
    for (const [key, text] of Object.entries(value))
      if (typeof text !== "string")
        throw invalid(
          "metadata",
          `metadata.${field}[${key}] must be a string, but is ${goType(text)} in converted object`,
        );
    const problems = equalJson(value, metadata[field] ?? {}) ? [] : problemsOf(field, value as never);
    if (problems.length > 0)
      throw invalid("metadata", problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
    metadata[field] = value as Record<string, string>;
  }
  return metadata;
}

function problemsOf(field: "labels" | "annotations", texts: Readonly<Record<string, string>>): string[] {
  const errors = new FieldErrors();
  if (field === "labels") validateLabels(texts, errors.at("metadata").at("labels"));
  else validateAnnotations(texts, errors.at("metadata").at("annotation"));
  return errors.list.map(({ field: path, message }) => `${path}: ${message}`);
}

function kindText({ apiVersion = "", kind = "" }: ApiObject): string {
  return goKind(apiVersion, kind);
}
