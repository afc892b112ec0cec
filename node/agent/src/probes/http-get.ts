/** The httpGet probe: healthy from 200 to 399; a redirect to another host counts as healthy, with a warning. */

import { httpGet, requestFor, type HttpRequest } from "./http-request.ts";
import { defineProbeType, timeoutOf } from "./probe.ts";

export const httpGetProbe = defineProbeType({
  name: "httpGet",
  async run(probe, { container, podIP }, signal) {
    let request: HttpRequest;
    try {
      request = requestFor(probe.httpGet!, { container, podIP, userAgent: "kube-probe/1.36" });
    } catch (err) {
      return { outcome: "unknown", output: (err as Error).message };
    }
    try {
      const { status, body } = await httpGet(request, timeoutOf(probe), signal);
      if (status < 200 || status >= 400)
        return { outcome: "failure", output: `HTTP probe failed with statuscode: ${status}` };
      if (status >= 300)
        return { outcome: "warning", output: `Probe terminated redirects, Response body: ${body}` };
      return { outcome: "success", output: body };
    } catch (err) {
      signal.throwIfAborted();
      return { outcome: "failure", output: (err as Error).message };
    }
  },
});
