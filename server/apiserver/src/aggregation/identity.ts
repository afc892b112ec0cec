/** How a server behind ours learns who asks: headers that it believes because of the certificate we show it. */

import type { OutgoingHttpHeaders } from "node:http";
import type { User } from "../request.ts";

/** Those of `user`, instead of any that came. */
export function identityHeaders({ name, uid, groups, extra = {} }: User): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { "x-remote-user": asBytes(name) };
  if (uid) headers["x-remote-uid"] = asBytes(uid);
  if (groups.length > 0) headers["x-remote-group"] = groups.map(asBytes);
  for (const [key, values] of Object.entries(extra))
    headers[`x-remote-extra-${escapedKey(key)}`] = values.map(asBytes);
  return headers;
}

/** Node writes headers byte by letter; names may have letters of more bytes. */
function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** What may not stand in the name of a header, and the percent sign itself, is percent-encoded. */
function escapedKey(key: string): string {
  return [...Buffer.from(key, "utf8")]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
