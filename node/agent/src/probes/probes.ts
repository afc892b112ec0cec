/** The probe types this node knows. */

import { execProbe } from "./exec.ts";
import { grpcProbe } from "./grpc.ts";
import { httpGetProbe } from "./http-get.ts";
import type { ProbeType } from "./probe.ts";
import { tcpSocketProbe } from "./tcp-socket.ts";

export const probeTypes: readonly ProbeType[] = [execProbe, httpGetProbe, tcpSocketProbe, grpcProbe];
