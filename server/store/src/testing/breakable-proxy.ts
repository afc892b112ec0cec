/** A TCP proxy whose connections a test can break: what lies between a store and its etcd. */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  /** What was sent and has not arrived. */
  readonly held: Buffer[];
}

export class BreakableProxy implements AsyncDisposable {
  readonly #server;
  readonly #connections = new Set<Connection>();
  /** Answers do not come through: what was sent arrives all the same. */
  #isDeaf = false;
  /** What is sent does not arrive. */
  #onHeld: ((data: Buffer) => void) | undefined;

  static async to(target: string): Promise<BreakableProxy> {
    const proxy = new BreakableProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  private constructor(target: string) {
    const [host = "", port] = target.split(":");
    this.#server = createServer((client) => {
      const server = connect(Number(port), host);
      const connection: Connection = { client, server, held: [] };
      this.#connections.add(connection);
      for (const socket of [client, server]) {
        socket.on("error", () => {}); // broken on purpose
        socket.on("close", () => this.#break(connection));
      }
      client.on("data", (data: Buffer) => {
        if (!this.#onHeld) return server.write(data);
        connection.held.push(data);
        this.#onHeld(data);
      });
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

  /** From now on nothing arrives, until `break`. `told` sees what is on its way. */
  hold(told: (data: Buffer) => void = () => {}): void {
    this.#onHeld = told;
  }

  /** Breaks all connections there are. New ones work. What is returned lets arrive, after all, what was held. */
  break(): () => void {
    this.#isDeaf = false;
    this.#onHeld = undefined;
    const all = [...this.#connections];
    for (const connection of all) this.#break(connection);
    return () => {
      for (const { server, held } of all) for (const data of held.splice(0)) server.write(data);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    for (const { server } of this.#connections) server.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  /** The way to the server stays while something waits there. */
  #break(connection: Connection): void {
    const { client, server, held } = connection;
    client.destroy();
    if (held.length === 0) server.destroy();
    if (server.destroyed) this.#connections.delete(connection);
  }
}
