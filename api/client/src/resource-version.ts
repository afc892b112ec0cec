/**
 * Order of resourceVersions. Since v1.35 Kubernetes promises that those of one resource are decimal numbers that only rise
 * (KEP-5504), which is what lets a client tell whether it has seen a write.
 */

/** Negative when `a` is older than `b`, 0 when they are the same. */
export function compareResourceVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
