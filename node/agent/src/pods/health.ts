/** What the probes know of a container instance, for deciding and for status. Implemented by the prober. */

export interface Health {
  /** The startup probe's word: undefined while it has none yet, or when there is no such probe. */
  started(containerId: string): boolean | undefined;
  /** The readiness probe's word, as `started`. */
  ready(containerId: string): boolean | undefined;
  /** Which probe says that the container must be killed. */
  failed(containerId: string): "liveness" | "startup" | undefined;
}

/** Of a node without probes: nothing ever fails. */
export const healthy: Health = {
  started: () => undefined,
  ready: () => undefined,
  failed: () => undefined,
};
