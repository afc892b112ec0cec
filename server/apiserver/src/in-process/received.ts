/** What an answer in parts comes to for a client in this process: requests that go on to servers behind this one are answered so. */

import { PassThrough, type Readable } from "node:stream";
import type { StreamAnswer, StreamTarget, WholeAnswer } from "../pipeline/answer.ts";

export interface Received {
  readonly code: number;
  readonly type: string | undefined;
  readonly body: Readable;
}

/** Resolves when the answer begins; it ends when `signal` aborts. Rejects with what went wrong before it began. */
export async function received(answer: StreamAnswer, signal: AbortSignal): Promise<Received> {
  const body = new PassThrough();
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  body.on("error", () => {}); // whoever reads it is told; nobody may
  const target: StreamTarget = {
    start: (code, type) => resolve({ code, type, body }),
    write: (chunk) => body.write(chunk),
    onDrain: (listener) => void body.on("drain", listener),
    end: () => void body.end(),
    abort: () => void body.destroy(new Error("the answer was cut short")),
    closed: new Promise((closed) => body.once("close", () => closed())),
  };
  const leave = (): void => void body.destroy();
  signal.addEventListener("abort", leave, { once: true });
  body.once("close", () => signal.removeEventListener("abort", leave));
  answer.stream(target).catch(reject);
  return promise;
}

/** The same once it is complete, with its value where it is JSON. */
export async function receivedWhole(answer: StreamAnswer, signal: AbortSignal): Promise<WholeAnswer> {
  const { code, type, body } = await received(answer, signal);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  signal.throwIfAborted();
  const text = Buffer.concat(chunks).toString();
  return { code, value: type?.includes("json") && text !== "" ? JSON.parse(text) : text };
}
