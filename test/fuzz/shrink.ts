/** The smallest request that still does what was found, and how to send it by hand. */

import type { FuzzRequest } from "./requests.ts";

/** How many requests are tried at most. */
const MOST_TRIES = 150;

/** `stillFails` is asked of smaller and smaller requests; what it says yes to is made smaller yet. Gives `request` itself when that does not fail again. */
export async function shrunk(
  request: FuzzRequest,
  stillFails: (request: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  let tries = 0;
  const fails = async (smaller: FuzzRequest): Promise<boolean> => tries++ < MOST_TRIES && stillFails(smaller);
  let smallest = request;
  if (!(await fails(request))) return request;
  for (let found = true; found && tries < MOST_TRIES;) {
    found = false;
    for (const smaller of smallerOnes(smallest))
      if (await fails(smaller)) {
        smallest = smaller;
        found = true;
        break;
      }
  }
  return smallest;
}

/** The greatest steps first. */
function* smallerOnes(request: FuzzRequest): Generator<FuzzRequest> {
  const { path, headers, body } = request;
  const [bare = "", query] = path.split("?", 2);
  if (query) {
    yield { ...request, path: bare };
    const parts = query.split("&");
    for (let i = 0; i < parts.length; i++)
      yield { ...request, path: `${bare}?${parts.toSpliced(i, 1).join("&")}` };
  }
  for (const name of Object.keys(headers)) {
    const { [name]: _, ...others } = headers;
    yield { ...request, headers: others };
  }
  if (body) for (const bytes of smallerBodies(body)) yield { ...request, body: bytes };
}

function* smallerBodies(body: Buffer): Generator<Buffer> {
  const value = parsed(body);
  if (value !== undefined)
    for (const smaller of smallerValues(value)) yield Buffer.from(JSON.stringify(smaller));
  else if (body.length > 1) {
    const half = body.length >> 1;
    yield body.subarray(0, half);
    yield body.subarray(half);
    if (body.length < 200)
      for (let i = 0; i < body.length; i++) yield Buffer.concat([body.subarray(0, i), body.subarray(i + 1)]);
  }
}

function parsed(body: Buffer): unknown {
  try {
    return structuredClone(JSON.parse(body.toString()));
  } catch {
    return undefined; // no JSON, or too deep: then it is shrunk as bytes
  }
}

function* smallerValues(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const without: any = structuredClone(value);
    if (Array.isArray(without)) without.splice(Number(key), 1);
    else delete without[key];
    yield without;
  }
  for (const [key, inner] of Object.entries(value))
    for (const smaller of smallerValues(inner)) {
      const copy: any = structuredClone(value);
      copy[key] = smaller;
      yield copy;
    }
}

/** A line for a shell; `$SERVER` is `https://host:port`, and `$CURL` curl with the credentials. */
export function curlLine({ method, path, headers, body }: FuzzRequest): string {
  const words = [
    ...["${CURL:-curl -sk}", "-X", method],
    ...Object.entries(headers).flatMap(([name, value]) => ["-H", quoted(`${name}: ${value}`)]),
    ...(body ? ["--data-binary", bytesWord(body)] : []),
    `"$SERVER"${quoted(path)}`,
  ];
  return words.join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bytesWord(body: Buffer): string {
  const text = body.toString();
  const isPlain = Buffer.from(text).equals(body) && !/[\u0000-\u001f]/.test(text);
  if (isPlain && text.length < 5000 && !text.startsWith("@")) return quoted(text);
  const encoded =
    body.length < 5000 ? body.toString("base64") : `${body.subarray(0, 3000).toString("base64")}...`;
  return `@<(base64 -d <<<${encoded})`;
}
