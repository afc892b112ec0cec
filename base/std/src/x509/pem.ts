/** PEM (RFC 7468): labelled blocks of base64 with anything between them. */

export interface PemBlock {
  readonly type: string;
  /** `Proc-Type: 4,ENCRYPTED` and the like, which nobody writes any more. */
  readonly hasHeaders: boolean;
  readonly bytes: Uint8Array;
}

interface Open {
  readonly type: string;
  readonly base64: string[];
  hasHeaders: boolean;
}

/** All blocks of a text, in one pass. What is no block, or one that is not closed, is passed over, as Go does. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: Open | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, mark, type = ""] = /^-----(BEGIN|END) ?([^]*?)-----\s*$/.exec(line) ?? [];
    if (mark === "BEGIN") open = { type, base64: [], hasHeaders: false };
    else if (mark === "END") {
      const bytes = open?.type === type ? decoded(open.base64.join("")) : undefined;
      if (bytes) blocks.push({ type, hasHeaders: open!.hasHeaders, bytes });
      open = undefined;
    } else if (open?.base64.length === 0 && line.includes(":")) open.hasHeaders = true;
    else if (line.trim() !== "") open?.base64.push(line.trim());
  }
  return blocks;
}

function decoded(base64: string): Uint8Array | undefined {
  const bytes = Buffer.from(base64, "base64");
  return bytes.toString("base64") === base64 ? bytes : undefined;
}

export function toPem(type: string, bytes: Uint8Array): string {
  const body = Buffer.from(bytes)
    .toString("base64")
    .replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${type}-----\n${body}-----END ${type}-----\n`;
}
