/** GET pods/log: what a container wrote, from its node's agent; over a WebSocket too, which the agent speaks itself. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { ApiError, badRequest, invalid } from "@knarr/machinery/status.ts";
import type { Handler } from "../handlers/handler.ts";
import { textAnswer } from "../pipeline/answer.ts";
import type { NodeConnections } from "./node-connections.ts";
import { containerOf, podOf } from "./pod-container.ts";
import { dialError } from "../proxying/failures.ts";
import { relay } from "../proxying/pass-through.ts";
import type { UpstreamAnswer } from "../proxying/upstream.ts";
import { upgradeOnNode } from "./pod-streams.ts";

const FLAGS = ["follow", "previous", "timestamps"];
const NUMBERS = ["sinceSeconds", "tailLines", "limitBytes"];
const STREAMS = ["All", "Stdout", "Stderr"];

export function podLog(nodes: NodeConnections): Handler {
  return (parts, request) => {
    const parameters = logParameters(request.query, request.name);
    const pod = podOf(parts, request);
    const container = containerOf(pod, request.query.get("container") ?? "");
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) return textAnswer(200, "", "text/plain");
    const address = nodes.addressOf(nodeName);
    const { namespace, name } = request;
    const path = `/containerLogs/${namespace}/${name}/${container}?${parameters}`;
    if (request.headers.upgrade?.toLowerCase() === "websocket")
      return upgradeOnNode(request, nodes.upstream(address), path);
    return {
      async stream(target) {
        const leave = new AbortController();
        void target.closed.then(() => leave.abort());
        const { signal } = leave;
        const asked = { method: "GET", path, headers: {}, signal };
        const answer = await nodes
          .upstream(address)
          .send(asked)
          .catch((err) => {
            throw signal.aborted ? err : dialError(err);
          });
        if (answer.code !== 200) throw await failureOf(answer, name);
        target.start(200, "text/plain");
        await relay(answer.body, target);
      },
    };
  };
}

function logParameters(query: URLSearchParams, name: string): URLSearchParams {
  const parameters = new URLSearchParams();
  const errors = new FieldErrors();
  for (const flag of FLAGS) {
    const value = query.get(flag);
    if (value !== null && value !== "false" && value !== "0") parameters.set(flag, "true");
  }
  for (const field of NUMBERS) {
    const value = query.get(field);
    if (value === null) continue;
    if (!/^[+-]?\d+$/.test(value))
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    parameters.set(field, value);
  }
  checkNumbers(parameters, query, errors);
  const sinceTime = query.get("sinceTime");
  if (sinceTime) parameters.set("sinceTime", sinceTime);
  const stream = query.get("stream") || "All";
  if (!STREAMS.includes(stream)) errors.at("stream").notSupported(stream, STREAMS);
  else if (stream !== "All" && parameters.has("tailLines"))
    errors.at("").forbidden("`tailLines` and specific `stream` are mutually exclusive for now");
  parameters.set("stream", stream);
  if (errors.list.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, name, errors.list);
  return parameters;
}

function checkNumbers(parameters: URLSearchParams, query: URLSearchParams, errors: FieldErrors): void {
  const number = (field: string): number => Number(parameters.get(field));
  if (parameters.has("tailLines") && number("tailLines") < 0)
    errors.at("tailLines").invalid(number("tailLines"), "must be greater than or equal to 0");
  if (parameters.has("limitBytes") && number("limitBytes") < 1)
    errors.at("limitBytes").invalid(number("limitBytes"), "must be greater than 0");
  if (parameters.has("sinceSeconds") && query.get("sinceTime"))
    errors.at("").forbidden("at most one of `sinceTime` or `sinceSeconds` may be specified");
  else if (parameters.has("sinceSeconds") && number("sinceSeconds") < 1)
    errors.at("sinceSeconds").invalid(number("sinceSeconds"), "must be greater than 0");
}

const MAX_MESSAGE = 2048;

/** What the agent said, as upstream hands it on. */
async function failureOf({ code, body }: UpstreamAnswer, name: string): Promise<ApiError> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8", 0, MAX_MESSAGE).trim();
  if (code >= 500)
    return new ApiError(
      "InternalError",
      `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding (get pods/log ${name})`,
      { name, kind: "pods/log", causes: [{ reason: "UnexpectedServerResponse", message: text }] },
    );
  if (code === 404)
    return new ApiError("NotFound", `the server could not find the requested resource ( pods/log ${name})`, {
      name,
      kind: "pods/log",
      causes: [{ reason: "UnexpectedServerResponse", message: text }],
    });
  return badRequest(text);
}
