/** In which forms bodies come. */

export const JSON_TYPE = "application/json";
export const YAML_TYPE = "application/yaml";
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
/** As upstream lists them. */
export const bodyTypes: readonly string[] = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE];

/** `application/json` of `Application/JSON; charset=utf-8`. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (!contentType) return JSON_TYPE;
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
