/**
 * The whole way of one object through a server, over a socket: made from each of its bodies (JSON, YAML, protobuf), read, listed, watched,
 * shown as a table, put back, patched in all four ways, applied, deleted. What every step gives is held against what the first one gave.
 */

import assert from "node:assert/strict";
import { Agent, request, type RequestOptions } from "node:https";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiServerOptions } from "@knarr/apiserver/options.ts";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";

export interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

interface Reply {
  readonly code: number;
  readonly body: any;
}

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** A server without controllers, and an administrator's way to it. */
export class Walker implements AsyncDisposable {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #stack: AsyncDisposableStack;

  private constructor(port: number, agent: Agent, stack: AsyncDisposableStack) {
    this.#port = port;
    this.#agent = agent;
    this.#stack = stack;
  }

  static async start(options: Partial<ApiServerOptions> = {}): Promise<Walker> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "knarr-walk-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const certificates = new CertificateFolder(folder);
    const authority = await certificates.authority("ca", "walk-ca");
    const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
    const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
    const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
    const store = stack.use(new MemoryStore());
    const started = realClock.now();
    // Its time stands still, so that what is made twice is the same.
    const clock: Clock = { now: () => started, sleep: (...words) => realClock.sleep(...words) };
    const server = stack.use(await createApiServer({ store, listen, clock, ...options }));
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    const client = await certificates.leaf("admin", authority, admin);
    const agent = new Agent({ keepAlive: true, ca: authority.cert, cert: client.cert, key: client.key });
    stack.defer(() => agent.destroy());
    return new Walker(server.address!.port, agent, stack.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async send(
    method: string,
    path: string,
    body?: Body | object,
    accept = "application/json",
  ): Promise<Reply> {
    const sent = body && ("bytes" in body ? body : json(body));
    const answer = await this.#open(method, path, sent as Body | undefined, accept);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    return { code: answer.statusCode!, body: text.startsWith("{") ? JSON.parse(text) : text };
  }

  /** As `send`, for what must succeed; gives the body. */
  async must(...words: Parameters<Walker["send"]>): Promise<any> {
    const { code, body } = await this.send(...words);
    assert.ok(code < 300, `${words[0]} ${words[1]} answered ${code}: ${body.message ?? body}`);
    return body;
  }

  #open(method: string, path: string, body: Body | undefined, accept: string) {
    const options: RequestOptions = {
      ...{ host: "127.0.0.1", port: this.#port, agent: this.#agent, method, path },
      headers: {
        accept,
        ...(body && { "content-type": body.type, "content-length": body.bytes.length }),
      },
    };
    return new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      const asked = request(options, resolve);
      asked.on("error", reject);
      asked.end(body?.bytes);
    });
  }

  /** The first event of a watch. */
  async firstEvent(path: string): Promise<any> {
    const answer = await this.#open("GET", path, undefined, "application/json");
    let text = "";
    for await (const chunk of answer) {
      text += chunk;
      if (text.includes("\n")) break; // leaving the loop ends the watch
    }
    return JSON.parse(text.slice(0, text.indexOf("\n")));
  }

  /** Walks one object; `collection` is its path, and all `bodies` say the same. Gives the object as it was made. */
  async walk(
    collection: string,
    bodies: readonly Body[],
    isSettled: (object: any) => boolean = () => true,
  ): Promise<any> {
    const { metadata } = await this.must("GET", `${collection}?limit=1`);
    const made: any[] = [];
    for (const [i, body] of bodies.entries()) {
      if (i > 0) await this.#remove(`${collection}/${made[0].metadata.name}`);
      made.push(await this.must("POST", `${collection}?fieldManager=walk`, body));
    }
    for (const other of made)
      assert.deepEqual(settled(other), settled(made[0]), "bodies make the same object");
    const [first] = made;
    let object = made.at(-1);
    const { name } = object.metadata;
    const path = `${collection}/${name}`;
    while (!isSettled(object)) object = await this.must("GET", path);
    const event = await this.firstEvent(
      `${collection}?watch=true&resourceVersion=${metadata.resourceVersion}&fieldSelector=metadata.name%3D${name}`,
    );
    assert.deepEqual([event.type, settled(event.object)], ["ADDED", settled(first)], "a watch tells of it");
    await this.#read(collection, object);
    await this.#change(path, object);
    await this.#remove(path);
    return object;
  }

  async #read(collection: string, object: any): Promise<void> {
    const { name } = object.metadata;
    assert.deepEqual(await this.must("GET", `${collection}/${name}`), object, "it is read as it was made");
    const list = await this.must("GET", collection);
    const found = list.items.find((item: any) => item.metadata.uid === object.metadata.uid);
    const { kind: _, apiVersion: __, ...bare } = object;
    assert.deepEqual(found, bare, "a list has it");
    assert.equal(list.kind, `${object.kind}List`);
    const table = await this.must("GET", `${collection}/${name}`, undefined, TABLE);
    assert.equal(table.kind, "Table");
    // Upstream's table of addresses has one cell more.
    assert.ok(table.rows[0].cells.length >= table.columnDefinitions.length, "every column has a cell");
    assert.equal(table.rows[0].object.metadata.name, name);
  }

  async #change(path: string, object: any): Promise<void> {
    const put = await this.must("PUT", `${path}?fieldManager=walk`, object);
    assert.deepEqual(put, object, "putting it back changes nothing");
    const patch = (type: string, body: unknown, query = "") =>
      this.must("PATCH", path + query, {
        type: `application/${type}`,
        bytes: Buffer.from(JSON.stringify(body)),
      });
    const label = (name: string) => ({ metadata: { labels: { [name]: "yes" } } });
    await patch("merge-patch+json", label("merged"));
    await patch("strategic-merge-patch+json", label("strategic"));
    await patch("json-patch+json", [{ op: "add", path: "/metadata/labels/patched", value: "yes" }]);
    const { apiVersion, kind } = object;
    const applied = { apiVersion, kind, ...label("applied") };
    await patch("apply-patch+yaml", applied, "?fieldManager=applier");
    const after = await patch("apply-patch+yaml", applied, "?fieldManager=applier");
    const { labels, managedFields } = after.metadata;
    for (const name of ["merged", "strategic", "patched", "applied"]) assert.equal(labels[name], "yes", name);
    assert.ok(managedFields.some(({ manager }: any) => manager === "applier"));
    assert.deepEqual(withoutMetadata(after), withoutMetadata(object), "labels alone have changed");
  }

  async #remove(path: string): Promise<void> {
    await this.must("DELETE", `${path}?gracePeriodSeconds=0`);
    // Some have finalizers that their controllers would take.
    const left = await this.send("GET", path);
    if (left.code === 200 && left.body.metadata.finalizers)
      await this.must("PATCH", path, {
        type: "application/merge-patch+json",
        bytes: Buffer.from('{"metadata":{"finalizers":null}}'),
      });
    if (left.body.spec?.finalizers) {
      left.body.spec.finalizers = [];
      await this.must("PUT", `${path}/finalize`, left.body);
    }
    assert.equal((await this.send("GET", path)).code, 404, "it is gone");
  }
}

export function json(value: object): Body {
  return { type: "application/json", bytes: Buffer.from(JSON.stringify(value)) };
}

function withoutMetadata({ metadata: _, ...rest }: any): object {
  return rest;
}

/** Without what is new for every object that is made. */
function settled(object: any): object {
  const { metadata, ...rest } = structuredClone(object);
  for (const name of ["uid", "resourceVersion", "creationTimestamp", "managedFields"]) delete metadata[name];
  return { metadata, ...rest };
}
