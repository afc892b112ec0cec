/**
 * What other API servers have written into a store that we share or have taken over: upstream's protobuf, and built-in kinds in another
 * version than the one we store. They are read as what we would have written ourselves; the next write makes them so.
 */

import { resourceForKind } from "@knarr/kinds/kinds.ts";
import { schemaOf, storagePath, type Resource } from "@knarr/kinds/resource.ts";
import { decodeBody } from "@knarr/machinery/decode/decode.ts";
import { PROTOBUF_TYPE } from "@knarr/machinery/decode/media-types.ts";
import { openEnvelope } from "@knarr/machinery/decode/protobuf.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";

/** The object in bytes that are not JSON; undefined for JSON. Throws for a kind that nobody knows. */
export function foreignObject<T extends ApiObject>(resource: Resource<T>, stored: Uint8Array): T | undefined {
  if (stored[0] !== 0x6b) return undefined; // the k of upstream's k8s\0; JSON begins with a brace
  const { apiVersion, kind } = openEnvelope(stored);
  const written = versionOf(resource, apiVersion, kind);
  const expected = { ...written, schema: schemaOf(written) };
  const { object } = decodeBody(stored, expected, {
    mediaType: PROTOBUF_TYPE,
    fieldValidation: "Ignore",
  });
  written.defaults?.(object); // upstream gives them on every read: not all that it stores has them
  return inStoredVersion(resource, object as unknown as ApiObject);
}

/** `object` of a built-in kind as it is stored here; it is used up. */
export function inStoredVersion<T extends ApiObject>(resource: Resource<T>, object: ApiObject): T {
  const { apiVersion, kind } = object;
  if (!apiVersion || !kind) return object as T;
  const [group, version = ""] = apiVersion.split("/");
  const fromOld = group === resource.group && resource.onlyStored?.[version];
  if (fromOld) return fromOld(object);
  const { stored } = versionOf(resource, apiVersion, kind);
  return (stored ? stored.toHub(object) : object) as T;
}

function versionOf(resource: Resource<any>, apiVersion: string, kind: string): Resource<any> {
  if (apiVersion === groupVersion(resource) && kind === resource.kind) return resource;
  const [version, group = ""] = apiVersion.split("/").reverse();
  const written = resourceForKind(group, version!, kind);
  if (written?.stored && storagePath(written.stored.as) === storagePath(resource)) return written;
  throw new SyntaxError(
    `Cannot read ${kind} of ${apiVersion} from the store: wanted a version of ${resource.kind} that this server knows`,
  );
}
