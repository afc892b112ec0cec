/** The sockets: one UDP and one TCP listener for each address. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Resolver } from "./resolver.ts";
import { TcpFrames, withLength } from "./tcp-frames.ts";

export interface ListenerOptions {
  readonly address: string;
  /** 0 for any, the same for UDP and TCP. */
  readonly port: number;
  readonly resolver: Resolver;
  readonly log: Logger;
  readonly clock: Clock;
}

const IDLE_MS = 10_000;
const MAX_CONNECTIONS = 256;
const RECEIVE_BUFFER = 4 << 20;
const RETRY_MS = 250;

export class Listener implements AsyncDisposable {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  private constructor(udp: UdpSocket, { resolver, log }: ListenerOptions) {
    this.#udp = udp;
    const answer = (bytes: Buffer, to: { port: number; address: string }) => {
      const resolved = resolver.resolve(bytes, "udp");
      // Told to nobody if it cannot be sent: the client asks again.
      if (resolved instanceof Promise)
        resolved.then(
          (late) => late && this.#send(late, to),
          (err) => log.error("Query failed", { err }),
        );
      else if (resolved) this.#send(resolved, to);
    };
    udp.on("message", (bytes, to) => {
      try {
        answer(bytes, to);
      } catch (err) {
        log.error("Query failed", { err });
      }
    });
    udp.on("error", (err) => log.error("DNS socket failed", { err }));
    this.#tcp = createServer((socket) => void this.#serve(socket, resolver, log));
    this.#tcp.maxConnections = MAX_CONNECTIONS;
  }

  /** Waits for the address to be there: whoever gives it to the node may not have come so far. */
  static async start(options: ListenerOptions, signal: AbortSignal): Promise<Listener> {
    for (let isTold = false; ; isTold = true) {
      signal.throwIfAborted();
      try {
        return await bind(options, (udp) => new Listener(udp, options));
      } catch (err) {
        const { code } = err as NodeJS.ErrnoException;
        // Any port means one that is free for UDP and for TCP.
        if (code === "EADDRINUSE" && options.port === 0) continue;
        if (code !== "EADDRNOTAVAIL") throw err;
        if (!isTold)
          options.log.info("Waiting for the address to be on this node", { address: options.address });
        await options.clock.sleep(RETRY_MS, signal);
      }
    }
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async listenTcp(address: string): Promise<void> {
    this.#tcp.listen(this.port, address);
    await once(this.#tcp, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#tcp.listening ? once(this.#tcp, "close") : undefined;
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  #send(bytes: Buffer, { port, address }: { port: number; address: string }): void {
    this.#udp.send(bytes, port, address, ignore);
  }

  /** Questions one after the other: a client that sends many at once waits for its own. */
  async #serve(socket: Socket, resolver: Resolver, log: Logger): Promise<void> {
    this.#connections.add(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
    const frames = new TcpFrames();
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        for (const bytes of frames.push(chunk)) {
          const answer = await resolver.resolve(bytes, "tcp");
          if (answer && !socket.write(withLength(answer))) await once(socket, "drain");
        }
      }
    } catch (err) {
      if (!socket.destroyed) log.error("Query failed", { err });
      socket.destroy();
    }
  }
}

/** Sending failed: the client is gone or out of reach, and asks again if it is not. */
function ignore(): void {}

async function bind(options: ListenerOptions, make: (udp: UdpSocket) => Listener): Promise<Listener> {
  const { address, port } = options;
  const udp = createSocket({ type: isIPv6(address) ? "udp6" : "udp4" });
  try {
    udp.bind(port, address);
    await once(udp, "listening");
    udp.setRecvBufferSize(RECEIVE_BUFFER);
    const listener = make(udp);
    await listener.listenTcp(address);
    return listener;
  } catch (err) {
    udp.close();
    throw err;
  }
}
