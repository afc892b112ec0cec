/**
 * A socket in the run folder, for root alone, on which a running server does what commands of this machine ask of its store. One request a
 * connection, in lines of JSON:
 *
 *     → {"operation":"rotate","words":[]}
 *     ← {"progress":"500 objects written"}
 *     ← {"result":{…}}          or {"failed":"Cannot …"}
 *
 * Not part of the API on purpose: what is done here is the machine's business, not that of the cluster's users.
 */

import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { LineSplitter } from "@knarr/std/lines.ts";
import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { operations, type Operation, type OperationName, type ResultOf } from "./operations.ts";

interface Request {
  readonly operation: string;
  readonly words: readonly string[];
}

type Answer = { readonly progress: string } | { readonly result: unknown } | { readonly failed: string };

/** Whoever has the store open has the socket: what lies there from earlier is taken away. */
export async function openControlSocket(path: string, store: EncryptedStore): Promise<AsyncDisposable> {
  rmSync(path, { force: true });
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket.on("close", () => connections.delete(socket)));
    socket.on("error", () => {}); // the command was ended; what it asked for goes on
    serve(socket, store);
  });
  server.listen(path);
  await once(server, "listening");
  chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, store: EncryptedStore): void {
  const lines = new LineSplitter();
  const say = (answer: Answer): void => void (socket.writable && socket.write(`${JSON.stringify(answer)}\n`));
  socket.on("data", (chunk: Buffer) => {
    const [line] = lines.push(chunk);
    if (line === undefined) return;
    socket.removeAllListeners("data").resume();
    answerTo(line, store, (progress) => say({ progress })).then(
      (result) => socket.end(`${JSON.stringify({ result } satisfies Answer)}\n`),
      (err: Error) => socket.end(`${JSON.stringify({ failed: err.message } satisfies Answer)}\n`),
    );
  });
}

async function answerTo(
  line: string,
  store: EncryptedStore,
  report: (progress: string) => void,
): Promise<unknown> {
  const { operation, words } = JSON.parse(line) as Request;
  if (!Object.hasOwn(operations, operation))
    throw new Error(`Cannot do ${operation}: this server knows no such thing`);
  return (operations[operation as OperationName] as Operation)(store, words, report);
}

/** Asks the server behind the socket. Throws an Error with its words, or says that it went away. */
export async function ask<N extends OperationName>(
  path: string,
  request: { readonly operation: N; readonly words: readonly string[] },
  report: (progress: string) => void,
): Promise<ResultOf<N>> {
  const socket = connect(path);
  const lines = new LineSplitter();
  socket.write(`${JSON.stringify(request satisfies Request)}\n`);
  try {
    for await (const chunk of socket) {
      for (const line of lines.push(chunk as Buffer)) {
        const answer = JSON.parse(line) as Answer;
        if ("result" in answer) return answer.result as ResultOf<N>;
        if ("failed" in answer) throw new Failed(answer.failed);
        report(answer.progress);
      }
    }
  } catch (err) {
    if (err instanceof Failed) throw err;
    throw new Error(
      `Cannot reach the server of this machine's Knarr (${(err as Error).message}). Try again when it answers`,
    );
  } finally {
    socket.destroy();
  }
  throw new Error("The server ended before it was done. Run the same command again when it answers");
}

class Failed extends Error {}
