/**
 * An API server behind ours, as an APIService describes it: requests of its group and version are passed on to it, and we ask it
 * ourselves whether it is there, what it serves and what its documents say.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { ConnectionOptions } from "node:tls";
import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import type { Caches } from "../cache/cache.ts";
import { readWhole } from "../http/whole.ts";
import { textAnswer, type Answer, type StreamTarget } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { messageOf } from "../proxying/failures.ts";
import { escapedPath, passThrough } from "../proxying/pass-through.ts";
import { TlsUpstreams } from "../proxying/tls-upstreams.ts";
import type { Upstream } from "../proxying/upstream.ts";
import type { User } from "../request.ts";
import { serverNameOf, serviceTarget, type ServiceReference } from "../webhooks/service-target.ts";
import { identityHeaders } from "./identity.ts";

/** What we show servers behind ours, so that they believe what we say of users. PEM. */
export interface FrontProxy {
  readonly certificate: string;
  readonly key: string;
}

export interface RemoteOptions {
  readonly caches: Caches;
  readonly frontProxy: FrontProxy | undefined;
}

export interface Asked {
  readonly path: string;
  readonly accept: string;
  readonly as: User;
  /** ETag of the answer known already. */
  readonly known?: string | undefined;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Discovery must be quick: clients ask for it before everything else. */
const DISCOVERY_MS = 5000;
/** What a server says of itself: upstream's own OpenAPI has some 4 MB. */
const MOST_BYTES = 32 << 20;

export class Remote implements Disposable {
  readonly group: string;
  readonly version: string;
  /** Whether requests are passed on; who keeps the APIServices says so. */
  isAvailable = false;
  readonly #service: ServiceReference;
  readonly #caches: Caches;
  readonly #upstreams: TlsUpstreams;

  constructor({ spec }: APIService, { caches, frontProxy }: RemoteOptions) {
    const { group = "", version = "", service = {} } = spec!;
    this.group = group;
    this.version = version;
    const { namespace = "", name = "", port } = service;
    this.#service = { namespace, name, port };
    this.#caches = caches;
    this.#upstreams = new TlsUpstreams(tlsOf(spec!, serverNameOf(this.#service), frontProxy));
  }

  /** `/apis/<group>/<version>` */
  get root(): string {
    return this.group ? `/apis/${this.group}/${this.version}` : `/api/${this.version}`;
  }

  pass(request: ApiRequest): Answer {
    if (!this.isAvailable) return unavailable();
    let upstream;
    try {
      upstream = this.upstream();
    } catch {
      return unavailable(); // why is in the APIService's condition
    }
    const { route, user, query, origin } = request;
    const isDiscovery = !route.isResource && route.path.split("/").filter(Boolean).length === 3;
    const sorted = new URLSearchParams(query);
    sorted.sort();
    return passThrough(request, {
      upstream,
      path: escapedPath(route.path),
      search: sorted.size > 0 ? `?${sorted}` : "",
      prefix: "",
      headers: { ...identityHeaders(user), ...(origin.auditId && { "audit-id": origin.auditId }) },
      base: { scheme: "https", host: upstream.authority },
      refusesRedirects: true,
      ...(isDiscovery && { signal: AbortSignal.timeout(DISCOVERY_MS) }),
      fail: failPlainly,
    });
  }

  /** One of its addresses, chosen anew each time. Throws ApiError when it has none. */
  upstream(): Upstream {
    const { host, port } = serviceTarget(this.#caches, this.#service);
    return this.#upstreams.at(host, port);
  }

  /** Asks for ourselves. Rejects when there is no answer in time. */
  async ask({ path, accept, as, known, timeoutMs }: Asked, upstream = this.upstream()): Promise<Reply> {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = {
      host: upstream.authority,
      accept,
      ...identityHeaders(as),
      ...(known && { "if-none-match": known }),
    };
    try {
      const answer = await upstream.send({ method: "GET", path, headers, signal });
      const body = await readWhole(answer.body, MOST_BYTES);
      return { code: answer.code, headers: answer.headers, body };
    } catch (err) {
      throw signal.aborted ? new Error("context deadline exceeded", { cause: err }) : err;
    }
  }

  /** It is another one now, or none: what is under way goes on to its end. */
  retire(): void {
    this.#upstreams.retire();
  }

  [Symbol.dispose](): void {
    this.#upstreams[Symbol.dispose]();
  }
}

function tlsOf(
  { caBundle, insecureSkipTLSVerify }: NonNullable<APIService["spec"]>,
  servername: string,
  frontProxy: FrontProxy | undefined,
): ConnectionOptions {
  return {
    servername,
    ...(insecureSkipTLSVerify && { rejectUnauthorized: false }),
    ...(caBundle && { ca: Buffer.from(caBundle, "base64").toString() }),
    ...(frontProxy && { cert: frontProxy.certificate, key: frontProxy.key }),
  };
}

const PLAIN = "text/plain; charset=utf-8";
const NO_SNIFFING = { "x-content-type-options": "nosniff" };

function unavailable(): Answer {
  return { ...textAnswer(503, "service unavailable\n", PLAIN), headers: NO_SNIFFING };
}

function failPlainly(err: unknown, target: StreamTarget): void {
  const cause =
    err instanceof Error && err.name === "TimeoutError" ? "context deadline exceeded" : messageOf(err);
  target.start(503, PLAIN, NO_SNIFFING);
  target.write(Buffer.from(`error trying to reach service: ${cause}\n`));
  target.end();
}
