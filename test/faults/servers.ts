/** The servers of a cluster as its clients see them, whatever is killed meanwhile. */

export interface Reply {
  readonly code: number;
  readonly body: any;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: any;
}

/** What clients of a cluster ask, whichever of its servers answers. */
export interface Servers {
  /** A write that got no answer may be made later than somebody has looked: it may be with etcd already. */
  readonly areLate: boolean;
  /** Resolves when a server runs. */
  running(): Promise<void>;
  /** Undefined when no answer came: it may have been done or not. Waits for a server that runs. */
  send(method: string, path: string, body?: object): Promise<Reply | undefined>;
  /** Hands on every event of a watch until that ends, because the server does or `signal` aborts. Waits for a server that runs. */
  follow(path: string, signal: AbortSignal, take: (event: WatchEvent) => void): Promise<void>;
}
