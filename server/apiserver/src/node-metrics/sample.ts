/** What a node's agent says at one moment: /metrics/resource in Prometheus text, by upstream's names. */

/** What was used so far, and is held. */
export interface Point {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Milliseconds since the epoch, where it is known. */
  readonly startedAt?: number;
}

export interface Sample {
  readonly node: Point | undefined;
  /** By `namespace/pod`, then by container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

const CPU = "cpu_usage_seconds_total";
const MEMORY = "memory_working_set_bytes";
const START = "container_start_time_seconds";

interface Draft {
  time?: number;
  cpuSeconds?: number;
  memoryBytes?: number;
  startedAt?: number;
}

/** `now` is the time of values that do not say theirs. What lacks CPU or memory is left out. */
export function parseSample(text: string, now: number): Sample {
  const node: Draft = {};
  const pods = new Map<string, Map<string, Draft>>();
  for (const line of text.split("\n")) {
    const [, name, labels = "", value, time] = /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/.exec(line) ?? [];
    if (!name) continue;
    const given = { value: Number(value), time: time ? Number(time) : now };
    if (name === `node_${CPU}` || name === `node_${MEMORY}`) note(node, name, given);
    else if (name === `container_${CPU}` || name === `container_${MEMORY}` || name === START) {
      const { namespace = "", pod = "", container = "" } = labelsIn(labels);
      const containers = pods.getOrInsertComputed(`${namespace}/${pod}`, () => new Map<string, Draft>());
      note(
        containers.getOrInsertComputed(container, () => ({})),
        name,
        given,
      );
    }
  }
  return { node: pointOf(node), pods: new Map([...pods].map(([key, drafts]) => [key, pointsOf(drafts)])) };
}

function note(
  draft: Draft,
  name: string,
  { value, time }: { readonly value: number; readonly time: number },
): void {
  if (name === START) draft.startedAt = value * 1000;
  else if (name.endsWith(CPU)) Object.assign(draft, { cpuSeconds: value, time });
  else draft.memoryBytes = value;
}

function labelsIn(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, JSON.parse(value!) as string]));
}

function pointOf({ time, cpuSeconds, memoryBytes, startedAt }: Draft): Point | undefined {
  if (time === undefined || cpuSeconds === undefined || memoryBytes === undefined) return undefined;
  return { time, cpuSeconds, memoryBytes, ...(startedAt !== undefined && { startedAt }) };
}

function pointsOf(drafts: ReadonlyMap<string, Draft>): ReadonlyMap<string, Point> {
  return new Map(
    [...drafts].flatMap(([name, draft]) => {
      const point = pointOf(draft);
      return point ? [[name, point] as const] : [];
    }),
  );
}
