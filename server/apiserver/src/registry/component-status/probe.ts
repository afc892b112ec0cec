/** Asks a part of the control plane on this machine how it is, as upstream does: by its health port, whose certificate nobody checks. */

import { get } from "node:https";
import type { Health } from "./component-status.ts";

const TIMEOUT_MS = 20_000;

export function probe(port: number): Promise<Health> {
  const url = `https://127.0.0.1:${port}/healthz`;
  const failure = (why: string): Health => ({ isHealthy: false, message: `Get "${url}": ${why}` });
  return new Promise((resolve) => {
    const request = get(url, { rejectUnauthorized: false, timeout: TIMEOUT_MS }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        const { statusCode = 0 } = response;
        const isHealthy = statusCode >= 200 && statusCode < 400;
        resolve({
          isHealthy,
          message: isHealthy ? text : `HTTP probe failed with statuscode: ${statusCode}`,
        });
      });
      response.on("error", (err) => resolve(failure(err.message)));
    });
    request.on("timeout", () => request.destroy(new Error("context deadline exceeded")));
    request.on("error", (err: NodeJS.ErrnoException) =>
      resolve(
        failure(
          err.code === "ECONNREFUSED"
            ? `dial tcp 127.0.0.1:${port}: connect: connection refused`
            : err.message,
        ),
      ),
    );
  });
}
