/** What is wrong with a body, as upstream answers it. */

import { quote } from "../quote.ts";
import { ApiError, badRequest } from "../status.ts";
import type { GroupVersionKind } from "./type-meta.ts";

/** What is wrong with YAML comes as several lines, each of which becomes a warning. */
export function warningsOf(finding: string): string[] {
  const lines = finding.split("\n");
  return lines.length === 1 ? lines : lines.slice(1).map((line) => line.trim());
}

/** The body could not even be read far enough to say what it is. */
export function unrecognized(
  bytes: Uint8Array,
  { kind }: Pick<GroupVersionKind, "kind">,
  err: unknown,
): ApiError {
  if (!isBodyProblem(err)) throw err;
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${err.message} (${summary(bytes)})`,
  );
}

export function unhandled(
  actual: Pick<GroupVersionKind, "version" | "kind">,
  expected: Pick<GroupVersionKind, "kind">,
  err: unknown,
): ApiError {
  if (err instanceof ApiError) return err;
  if (!isBodyProblem(err)) throw err;
  return badRequest(
    `${actual.kind} in version ${quote(actual.version)} cannot be handled as a ${expected.kind}: ${err.message}`,
  );
}

function isBodyProblem(err: unknown): err is Error {
  return err instanceof SyntaxError || err instanceof TypeError;
}

/** The first 30 bytes: as text when they may be JSON, in hex otherwise. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const start = Buffer.from(bytes.subarray(0, 30));
  const text = start.toString(bytes[0] === 0x7b ? "utf8" : "hex");
  return bytes.length > 30 ? `${text} ...` : text;
}
