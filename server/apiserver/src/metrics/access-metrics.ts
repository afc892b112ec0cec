/** What is counted of who asks and what they may, under upstream's names. Every series is looked up once: requests count on them. */

import type { Counter, Distribution, Figure, Histogram, Metrics } from "@knarr/std/metrics.ts";

const SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
const [HOUR, DAY] = [3600, 86_400];
const LIFETIMES = [
  ...[0, HOUR / 2, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[DAY, 2 * DAY, 4 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 360 * DAY],
];

/** How often something ended in one way, and how long that took. */
export class Ending {
  readonly #times: Figure;
  readonly #seconds: Distribution;

  constructor(times: Figure, seconds: Distribution) {
    this.#times = times;
    this.#seconds = seconds;
  }

  /** `started` as performance.now() has it. */
  reached(started: number): void {
    this.#times.add();
    this.#seconds.observe((performance.now() - started) / 1000);
  }
}

export class AccessMetrics {
  readonly authenticated: Ending;
  readonly refused: Ending;
  readonly allowed: Ending;
  readonly denied: Ending;
  readonly #users: ReadonlyMap<string, Figure>;
  readonly #mails: Figure;
  readonly #others: Figure;
  readonly #lifetimes: Distribution;

  constructor(metrics: Metrics) {
    const endings = (times: Counter, seconds: Histogram, result: string): Ending =>
      new Ending(times.series([result]), seconds.series([result]));
    const authentications = metrics.counter("authentication_attempts", "Who asks: looked at.", ["result"]);
    const authenticating = metrics.histogram(
      "authentication_duration_seconds",
      "How long it took to know who asks.",
      ["result"],
      SECONDS,
    );
    this.authenticated = endings(authentications, authenticating, "success");
    this.refused = endings(authentications, authenticating, "error");
    const authorizations = metrics.counter("authorization_attempts_total", "What they may: looked at.", [
      "result",
    ]);
    const authorizing = metrics.histogram(
      "authorization_duration_seconds",
      "How long it took to know what they may.",
      ["result"],
      SECONDS,
    );
    this.allowed = endings(authorizations, authorizing, "allowed");
    // Nobody's opinion is no, as upstream has it for requests.
    this.denied = endings(authorizations, authorizing, "no-opinion");
    const users = metrics.counter("authenticated_user_requests", "Requests by who asked, roughly.", [
      "username",
    ]);
    this.#users = new Map(KNOWN_USERS.map((name) => [name, users.series([name])]));
    this.#mails = users.series(["email_id"]);
    this.#others = users.series(["other"]);
    this.#lifetimes = metrics
      .histogram(
        "apiserver_client_certificate_expiration_seconds",
        "How long the certificates still last that requests come with.",
        [],
        LIFETIMES,
      )
      .series([]);
  }

  identified(started: number, name: string): void {
    this.authenticated.reached(started);
    (this.#users.get(name) ?? (name.includes("@") ? this.#mails : this.#others)).add();
  }

  certificate(milliseconds: number): void {
    this.#lifetimes.observe(milliseconds / 1000);
  }
}

/** Upstream's: names that every cluster may have. Others are people's own. */
const KNOWN_USERS = ["admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"];
