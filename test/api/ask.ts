/** One raw request over HTTPS, as no well-behaved client would send it. */

import { request } from "node:https";

export interface Server {
  readonly url: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is (a character a byte); anything else as JSON. */
  readonly body?: unknown;
}

export interface Told {
  readonly code: number;
  readonly reason?: string | undefined;
  /** Of the Status, or the text itself when it is none. */
  readonly message: string;
}

/** An answer without what is different each time or for each build: generated names, revisions, where a table was compiled. */
export function settled({ code, reason, message }: Told): Told {
  const text = message
    .replaceAll(/Bad_\w{5}/g, "Bad_xxxxx")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UID")
    .replace(/patch: Invalid value: "\{.*\}": /, "patch: ")
    .replace(/current: \d+/, "current: N")
    .replace(/ in scheme "[^"]*"/, "")
    .replace(/(error converting YAML to JSON: )?yaml: .*/, "yaml");
  return { code, ...(reason && { reason }), message: text };
}

export function ask(
  { url, ca, cert, key }: Server,
  { method, path, headers, body }: Question,
): Promise<Told> {
  const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const bytes = Buffer.from(sent ?? "", "latin1");
  const length = sent !== undefined && { "content-length": String(bytes.length) };
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { "content-type": "application/json", accept: "application/json", ...length, ...headers },
      ...{ ca, agent: false, ...(cert && { cert, key }) },
      timeout: 10_000,
    };
    const asked = request(url + path, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve(told(answer.statusCode!, Buffer.concat(chunks).toString())));
    });
    asked.on("timeout", () => asked.destroy(new Error(`No answer to ${method} ${path}`)));
    asked.on("error", reject);
    asked.end(bytes);
  });
}

function told(code: number, text: string): Told {
  if (!text.startsWith('{"kind":"Status"')) return { code, message: text.slice(0, 300) };
  const { reason, message } = JSON.parse(text) as { reason?: string; message: string };
  return { code, ...(reason && { reason }), message };
}
