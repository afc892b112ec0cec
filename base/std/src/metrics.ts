/**
 * A small registry of counters, gauges and histograms in Prometheus' text form. Each series is made when first used; a label's values
 * come as a list in the order the metric names them. Whoever counts the same series often asks for it once (`series`) and keeps it.
 */

export interface Metric {
  /** Lines of the exposition, with HELP and TYPE. */
  text(): string;
  /** See `Metrics.forget`. */
  forget?(labels: Labels): void;
}

type Labels = Readonly<Record<string, string>>;

export interface ReadFigure {
  readonly name: string;
  readonly help: string;
  /** Default: gauge. */
  readonly type?: "counter" | "gauge";
  readonly labels?: readonly string[];
}

export class Metrics {
  readonly #metrics: Metric[] = [];

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    return this.#add(new Counter(name, help, labels, "counter"));
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Counter {
    return this.#add(new Counter(name, help, labels, "gauge"));
  }

  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram {
    return this.#add(new Histogram(name, help, labels, buckets));
  }

  /** What is counted elsewhere and read when it is shown: each of `rows` is a value with its labels' values. */
  read(figure: ReadFigure, rows: () => Iterable<readonly [value: number, ...labels: string[]]>): void {
    const { name, help, type = "gauge", labels = [] } = figure;
    const line = ([value, ...values]: readonly [number, ...string[]]): string =>
      `${name}${braced(seriesOf(labels, values))} ${value}\n`;
    this.#add({ text: () => headOf(name, help, type) + Array.from(rows(), line).join("") });
  }

  text(): string {
    return this.#metrics.map((metric) => metric.text()).join("");
  }

  /** Drops all series that have these values of these labels: what they counted is no more. Who has kept one counts on unseen. */
  forget(labels: Labels): void {
    for (const metric of this.#metrics) metric.forget?.(labels);
  }

  #add<M extends Metric>(metric: M): M {
    this.#metrics.push(metric);
    return metric;
  }
}

export class Counter implements Metric {
  readonly #name: string;
  readonly #head: string;
  readonly #labels: readonly string[];
  readonly #series = new Map<string, Figure>();

  constructor(name: string, help: string, labels: readonly string[], type: "counter" | "gauge") {
    this.#name = name;
    this.#head = headOf(name, help, type);
    this.#labels = labels;
  }

  add(values: readonly string[], by = 1): void {
    this.series(values).add(by);
  }

  /** It is shown from now on, with 0 as long as nothing was counted. */
  series(values: readonly string[]): Figure {
    const key = values.join(SEPARATOR);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = new Figure()));
    return series;
  }

  forget(labels: Labels): void {
    forgetSeries(this.#series, this.#labels, labels);
  }

  text(): string {
    let text = this.#head;
    for (const [key, { value }] of this.#series)
      text += `${this.#name}${braced(seriesOf(this.#labels, key.split(SEPARATOR)))} ${value}\n`;
    return text;
  }
}

/** One series of a counter or a gauge. */
export class Figure {
  value = 0;

  add(by = 1): void {
    this.value += by;
  }
}

export class Histogram implements Metric {
  readonly #name: string;
  readonly #head: string;
  readonly #labels: readonly string[];
  readonly #buckets: readonly number[];
  /** The buckets' bounds as they are shown. */
  readonly #bounds: readonly string[];
  readonly #series = new Map<string, Distribution>();

  constructor(name: string, help: string, labels: readonly string[], buckets: readonly number[]) {
    this.#name = name;
    this.#head = headOf(name, help, "histogram");
    this.#labels = labels;
    this.#buckets = buckets;
    this.#bounds = buckets.map(boundOf);
  }

  observe(values: readonly string[], value: number): void {
    this.series(values).observe(value);
  }

  series(values: readonly string[]): Distribution {
    const key = values.join(SEPARATOR);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = new Distribution(this.#buckets)));
    return series;
  }

  forget(labels: Labels): void {
    forgetSeries(this.#series, this.#labels, labels);
  }

  text(): string {
    let text = this.#head;
    for (const [key, { counts, sum, count }] of this.#series) {
      const series = seriesOf(this.#labels, key.split(SEPARATOR));
      let below = 0;
      const comma = series ? "," : "";
      this.#bounds.forEach((bound, i) => {
        below += counts[i]!;
        text += `${this.#name}_bucket{${series}${comma}le="${bound}"} ${below}\n`;
      });
      text += `${this.#name}_bucket{${series}${comma}le="+Inf"} ${count}\n`;
      text += `${this.#name}_sum${braced(series)} ${sum}\n${this.#name}_count${braced(series)} ${count}\n`;
    }
    return text;
  }
}

/** One series of a histogram. */
export class Distribution {
  /** How many were in each bucket and in none below it. */
  readonly counts: number[];
  sum = 0;
  count = 0;
  readonly #buckets: readonly number[];

  constructor(buckets: readonly number[]) {
    this.#buckets = buckets;
    this.counts = buckets.map(() => 0);
  }

  /** `times` of the same value. */
  observe(value: number, times = 1): void {
    this.sum += value * times;
    this.count += times;
    const buckets = this.#buckets;
    for (let i = 0; i < buckets.length; i++)
      if (value <= buckets[i]!) {
        this.counts[i]! += times;
        return;
      }
  }
}

function forgetSeries(series: Map<string, unknown>, names: readonly string[], labels: Labels): void {
  const wanted = Object.entries(labels).map(([name, value]) => [names.indexOf(name), value] as const);
  if (wanted.some(([at]) => at < 0)) return;
  for (const key of series.keys()) {
    const values = key.split(SEPARATOR);
    if (wanted.every(([at, value]) => values[at] === value)) series.delete(key);
  }
}

function headOf(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function braced(series: string): string {
  return series && `{${series}}`;
}

/** A series is kept under its values joined by this, as it is counted far more often than it is shown. */
const SEPARATOR = "\u0000";

function seriesOf(labels: readonly string[], values: readonly string[]): string {
  let series = "";
  for (let i = 0; i < labels.length; i++) {
    const value = values[i] ?? "";
    series += `${i > 0 ? "," : ""}${labels[i]}="${/["\\\n]/.test(value) ? escaped(value) : value}"`;
  }
  return series;
}

/** The form knows no other escapes. */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** A bound is a label, so queries match its text: as Go writes it, `1e+06` and `1e-05`. */
function boundOf(bound: number): string {
  const size = Math.abs(bound);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(bound);
  return bound.toExponential().replace(/(?<=e[+-])\d$/, "0$&");
}
