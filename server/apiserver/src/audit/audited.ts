/** An answer whose stages are written down as it is given. */

import type { Answer, StreamAnswer, UpgradeAnswer, WholeAnswer } from "../pipeline/answer.ts";
import type { AuditRecord } from "./audit.ts";

export function audited(record: AuditRecord, answer: Answer): Answer {
  if ("stream" in answer) return auditedStream(record, answer);
  if ("upgrade" in answer) return auditedUpgrade(record, answer);
  const { code } = answer;
  // What goes out in pieces is a list, and would have to be made as a whole to be looked at.
  record.answered({ code, ...(!answer.pieces && statusIn(answer)) }, () => objectOf(answer));
  record.write("ResponseComplete");
  return answer;
}

/** What a Status that is the answer says of itself. */
function statusIn({ value }: WholeAnswer): object {
  const { kind, status, message, reason, details } = (value ?? {}) as Record<string, unknown>;
  if (kind !== "Status") return {};
  return {
    ...(typeof status === "string" && { status }),
    ...(typeof message === "string" && { message }),
    ...(typeof reason === "string" && { reason }),
    ...(details !== undefined && { details }),
  };
}

function objectOf({ value, bytes, type = "application/json" }: WholeAnswer): unknown {
  if (value !== undefined || !bytes?.length || !type.startsWith("application/json")) return value;
  return JSON.parse(bytes.toString());
}

function auditedStream(record: AuditRecord, answer: StreamAnswer): StreamAnswer {
  return {
    async stream(target) {
      const { start } = target;
      target.start = (code, ...rest) => {
        record.answered({ code });
        record.write("ResponseStarted");
        start.call(target, code, ...rest);
      };
      try {
        await answer.stream(target);
      } finally {
        record.write("ResponseComplete");
      }
    },
  };
}

function auditedUpgrade(record: AuditRecord, answer: UpgradeAnswer): UpgradeAnswer {
  return {
    async upgrade(connection) {
      record.answered({ code: 101 });
      record.write("ResponseStarted");
      try {
        await answer.upgrade(connection);
      } finally {
        record.write("ResponseComplete");
      }
    },
  };
}
