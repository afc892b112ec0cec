/** The wish that a volume be attached to a node, and what its driver made of it. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain, rangeText } from "@knarr/machinery/names.ts";

import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeAttachmentStatus,
  VolumeError,
} from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { normalizeAmounts } from "../shared/amounts.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { internalForm } from "../shared/internal/form.ts";
import { validateInlineVolumeSpec } from "../shared/persistent-volume/spec.ts";
import { defaultBlockStorage } from "../shared/pod/volumes/defaults.ts";
import { validateDriverName } from "../shared/pod/volumes/network.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 1024;
const MAX_INT32 = 2 ** 31 - 1;

export const volumeAttachment = defineResource<VolumeAttachment>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  schema: "io.k8s.api.storage.v1.VolumeAttachment",
  plural: "volumeattachments",
  scope: "Cluster",
  hasGeneration: false,
  returnsDeleted: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults({ spec }) {
    const inline = spec?.source?.inlineVolumeSpec;
    if (!inline) return;
    normalizeAmounts(inline.capacity);
    if (inline.hostPath) inline.hostPath.type ??= "";
    defaultBlockStorage(inline);
  },

  validate,
  validateUpdate: validateSpecUnchanged,

  columns: [
    nameColumn,
    { name: "Attacher", format: "name", value: ({ spec }) => spec.attacher },
    { name: "PV", value: ({ spec }) => spec.source.persistentVolumeName ?? "" },
    { name: "Node", value: ({ spec }) => spec.nodeName },
    { name: "Attached", type: "boolean", value: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate(object, previous, errors) {
        validate(object, errors);
        validateSpecUnchanged(object, previous, errors);
      },
    },
  },
});

function validate({ spec, status }: VolumeAttachment, errors: FieldErrors): void {
  const { attacher, source = {}, nodeName = "" } = spec ?? {};
  const at = errors.at("spec");
  validateDriverName(attacher, at.at("attacher"));
  validateSource(source, at.at("source"));
  reject(at.at("nodeName"), nodeName, dns1123Subdomain(nodeName));
  if (status) validateStatus(status, errors.at("status"));
  const { persistentVolumeName: name } = source;
  if (name != null) reject(errors.at("spec.source.persistentVolumeName"), name, dns1123Subdomain(name));
}

function validateSource(
  { inlineVolumeSpec: inline, persistentVolumeName: name }: VolumeAttachmentSource,
  errors: FieldErrors,
): void {
  const both = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (!inline && name == null) errors.required(both);
  else if (inline && name != null) errors.forbidden(both);
  else if (inline) validateInlineVolumeSpec(inline, errors.at("inlineVolumeSpec"));
  else if (name === "")
    errors.at("persistentVolumeName").required("must specify non empty persistentVolumeName");
}

function validateStatus(status: VolumeAttachmentStatus, errors: FieldErrors): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(status.attachmentMetadata ?? {}))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > MAX_METADATA_BYTES) errors.at("attachmentMetadata").tooLong(MAX_METADATA_BYTES);
  if (status.attachError) validateError(status.attachError, errors.at("attachError"));
  if (status.detachError) validateError(status.detachError, errors.at("detachError"));
}

/** The limit that upstream quotes is not the one it checks. */
function validateError({ message = "", errorCode }: VolumeError, errors: FieldErrors): void {
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) errors.at("message").tooLong(MAX_METADATA_BYTES);
  if (errorCode != null && errorCode < 0) errors.at("errorCode").invalid(errorCode, rangeText(0, MAX_INT32));
}

function validateSpecUnchanged(
  { spec }: VolumeAttachment,
  { spec: before }: VolumeAttachment,
  errors: FieldErrors,
): void {
  const form = internalForm(spec, "VolumeAttachmentSpec");
  if (!semanticEqual(form, internalForm(before, "VolumeAttachmentSpec")))
    errors.at("spec").invalid(form, "field is immutable");
}
