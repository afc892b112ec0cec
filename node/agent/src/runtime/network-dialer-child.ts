/**
 * The process that dials inside a pod's network namespace for `network-dialer.ts`: for each connection to its unix socket it reads a
 * port's number on a line, connects to it on 127.0.0.1, or else ::1, answers `ok` or what went wrong, and copies from then on.
 */

import { connect, createServer, type Socket } from "node:net";

const IDLE_MS = 60_000;
const [path = ""] = process.argv.slice(2);
let open = 0;
let idle = setTimeout(() => process.exit(), IDLE_MS);

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
  clearTimeout(idle);
  open++;
  client.on("error", () => client.destroy());
  client.once("close", () => {
    if (--open === 0) idle = setTimeout(() => process.exit(), IDLE_MS);
  });
  serve(client);
});
server.listen(path, () => process.stdout.write("ready\n"));
// The agent holds the other end and writes nothing: its end is the agent's, however that came
process.stdin.resume().once("close", () => process.exit());

function serve(client: Socket): void {
  client.once("readable", () => {
    const line = (client.read() as Buffer | null)?.toString() ?? "";
    const end = line.indexOf("\n");
    if (end < 0) return void client.destroy(); // the agent writes the port at once, whole
    dial(Number(line.slice(0, end)), ["127.0.0.1", "::1"], client);
  });
}

function dial(port: number, hosts: readonly string[], client: Socket): void {
  const [host, ...others] = hosts;
  const server = connect({ host: host!, port, allowHalfOpen: true });
  const failed = (err: Error) => {
    if (others.length) dial(port, others, client);
    else client.end(`${err.message}\n`);
  };
  server.once("error", failed);
  server.once("connect", () => {
    server.off("error", failed);
    server.on("error", () => client.destroy());
    client.once("close", () => server.destroy());
    client.write("ok\n");
    client.pipe(server).pipe(client);
  });
}
