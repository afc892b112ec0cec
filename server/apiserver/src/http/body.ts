/** Reading request bodies whole, up to a limit. */

import type { Readable } from "node:stream";
import { requestEntityTooLarge } from "@knarr/machinery/status.ts";

const NOTHING = Buffer.alloc(0);

/** Throws ApiError RequestEntityTooLarge as soon as the body is known to be too large; the rest is not read. */
export function readBody(
  stream: Readable,
  contentLength: string | undefined,
  limit: number,
): Promise<Buffer> {
  if (contentLength !== undefined && Number(contentLength) > limit) return Promise.reject(tooLarge(limit));
  if (contentLength === "0" || stream.readableEnded) return Promise.resolve(NOTHING);
  return new Promise((resolve, reject) => {
    // Listeners stay, as the stream is this request's: taking each off again costs more than all that they do.
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) reject(tooLarge(limit));
      else chunks.push(chunk);
    });
    let isWhole = false;
    stream.on("end", () => {
      isWhole = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    // The client left in the middle of its request: no fault of ours.
    const left = (): void =>
      reject(new DOMException("the client left in the middle of its request", "AbortError"));
    stream.on("error", left);
    stream.on("close", () => {
      if (!isWhole) left();
    });
  });
}

function tooLarge(limit: number) {
  return requestEntityTooLarge(`limit is ${limit}`);
}
