/** What went wrong with a connection, in the words that upstream's events have. */

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

export function dialErrorText(err: NodeJS.ErrnoException, address: string): string {
  const cause = causes[err.code ?? ""];
  if (cause) return `dial tcp ${address}: ${cause}`;
  if (err.code === "ECONNRESET" || err.code === "EPIPE")
    return err.message === "socket hang up" ? "EOF" : `read tcp ${address}: read: connection reset by peer`;
  if (err.code === "ENOTFOUND") return `dial tcp: lookup ${address.replace(/:\d+$/, "")}: no such host`;
  return err.message;
}
