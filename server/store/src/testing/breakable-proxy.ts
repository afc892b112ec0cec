/** A TCP proxy whose connections a test can break: what lies between a store and its etcd. */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export class BreakableProxy implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  /** Answers do not come through: what was sent arrives all the same. */
  #isDeaf = false;

  static async to(target: string): Promise<BreakableProxy> {
    const proxy = new BreakableProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  private constructor(target: string) {
    const [host = "", port] = target.split(":");
    this.#server = createServer((client) => {
      const server = connect(Number(port), host);
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on("error", () => {}); // broken on purpose
        socket.on("close", () => {
          this.#sockets.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      client.on("data", (data) => server.write(data));
      server.on("data", (data) => {
        if (!this.#isDeaf) client.write(data);
      });
    });
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on nothing comes back, until `break`. */
  deafen(): void {
    this.#isDeaf = true;
  }

  /** Breaks all connections there are. New ones work. */
  break(): void {
    this.#isDeaf = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
