/**
 * Exec and attach over SPDY: the client opens one stream for each thing it wants, named by the header `streamtype`. It says how many by the
 * request's parameters, so the command starts when all of them are there.
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { endOf, outcomeText, sizesOf, type RemoteCommand, type StreamsWanted } from "./command.ts";
import { acceptSpdy } from "./spdy/accept.ts";
import { SpdyConnection } from "./spdy/connection.ts";
import type { SpdyStream } from "./spdy/stream.ts";

const protocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];
const CREATION_TIMEOUT_MS = 30_000;

export async function acceptRemoteSpdy(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  wanted: StreamsWanted,
): Promise<RemoteCommand | undefined> {
  const protocol = acceptSpdy(request, transport, head, { protocols, fallback: "channel.k8s.io" });
  if (protocol === undefined) return undefined;
  const canResize = /^v[34]\./.test(protocol);
  const names = ["error", ...namesOf(wanted), ...(wanted.tty && canResize ? ["resize"] : [])];
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  const connection = new SpdyConnection(transport, {
    role: "server",
    onStream(stream) {
      const type = stream.headers.get("streamtype") ?? "";
      if (!names.includes(type) || streams.has(type)) throw new Error(`unexpected stream type: "${type}"`);
      streams.set(type, stream);
      stream.on("error", () => {}); // is seen as the end of the stream
      if (type !== "stdin" && type !== "resize") stream.resume(); // nothing comes but its end
      if (streams.size === names.length) complete.resolve(true);
    },
  });
  const timer = setTimeout(() => complete.resolve(false), CREATION_TIMEOUT_MS);
  connection.closed.then(() => complete.resolve(false));
  const isComplete = await complete.promise;
  clearTimeout(timer);
  if (!isComplete) {
    connection.destroy();
    return undefined;
  }
  return commandOver(connection, streams, { wanted, hasStatus: protocol.startsWith("v4.") });
}

function namesOf({ stdin, stdout, stderr }: StreamsWanted): string[] {
  return [...(stdin ? ["stdin"] : []), ...(stdout ? ["stdout"] : []), ...(stderr ? ["stderr"] : [])];
}

function commandOver(
  connection: SpdyConnection,
  streams: ReadonlyMap<string, SpdyStream>,
  { wanted, hasStatus }: { wanted: StreamsWanted; hasStatus: boolean },
): RemoteCommand {
  const gone = new AbortController();
  connection.closed.then(() => gone.abort(new Error("The client closed the connection")));
  const stdin = streams.get("stdin");
  const stdout = streams.get("stdout");
  const stderr = streams.get("stderr");
  const resize = streams.get("resize");
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(resize && { resizes: sizesOf(resize) }),
    tty: wanted.tty,
    signal: gone.signal,
    async finish(outcome) {
      const error = streams.get("error")!;
      await Promise.race([Promise.all([endOf(stdout), endOf(stderr)]), connection.closed]);
      const text = outcomeText(outcome, hasStatus);
      if (text) error.write(text);
      await Promise.race([endOf(error), connection.closed]);
      await connection.close();
    },
  };
}
