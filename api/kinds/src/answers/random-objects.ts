/**
 * Objects changed at random along their schema: fields dropped, doubled, and filled with things that are sometimes
 * right. Same seed, same objects.
 */

import type { Schema } from "@knarr/schema/schema.ts";

/** Values that some field somewhere takes, and some that none does. */
const words = [
  "",
  "a",
  "Bogus_Value!",
  "a".repeat(70),
  "a".repeat(300),
  ..."Always Never OnFailure IfNotPresent TCP UDP HTTP HTTPS RuntimeDefault Localhost Unconfined Equal Exists Lt".split(
    " ",
  ),
  ..."NoExecute NoSchedule In NotIn Gt DoesNotExist Memory Block Filesystem ReadWriteOnce ReadWriteOncePod".split(
    " ",
  ),
  ..."linux windows 10.0.0.1 fd00::1 010.1.1.1 ::ffff:1.2.3.4 10.0.0.0/24 10.0.0.1/24 1 5Gi ../x /abs a/b ..x".split(
    " ",
  ),
  ..."metadata.name metadata.labels['x'] status.podIP limits.cpu requests.memory kubernetes.io/foo x.io/y".split(
    " ",
  ),
  ..."cpu memory hugepages-2Mi web main Directory Default Unmasked None ClusterFirst Bidirectional Enabled".split(
    " ",
  ),
  ..."IfPossible Disabled Merge Strict Recursive MountOption OnRootMismatch RestartContainer NotRequired".split(
    " ",
  ),
  ..."Restart RestartAllContainers File FallbackToLogsOnError DoNotSchedule ScheduleAnyway Honor Ignore".split(
    " ",
  ),
  ..."Managed Shared ReadOnly iqn.2001-04.com.example:storage CAP_SYS_ADMIN ClientIP Local Cluster".split(
    " ",
  ),
  ..."LoadBalancer NodePort ClusterIP ExternalName IPv4 IPv6 SingleStack PreferDualStack RequireDualStack".split(
    " ",
  ),
  ..."PreferClose RollingUpdate Recreate 25% 150% x% v1 zone PersistentVolumeClaim Ready app $(A)".split(" "),
];
const keys = ["cpu", "memory", "a", "x.io/dev", "hugepages-2Mi", "bad key", "app", "storage"];
const numbers = [-1, 0, 1, 2, 80, 420, 511, 512, 600, 3600, 65535, 70000, 4000000000];
const amounts = ["1", "0", "-1", "100m", "1.5", "64Mi", "2Mi", "3Mi", "1Gi", "0.1", "1m"];
const DEEPEST = 7;

export class RandomObjects {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)]!;
  }

  /** A copy of `object` with something in its spec (or whatever carries its meaning) changed. */
  change(object: any, schema: Schema): any {
    return this.#change(object, schema, 0);
  }

  #next(): number {
    this.#seed = (this.#seed * 1664525 + 1013904223) % 2 ** 32;
    return this.#seed / 2 ** 32;
  }

  #chance(share: number): boolean {
    return this.#next() < share;
  }

  #change(value: any, schema: Schema, depth: number): any {
    if (depth > 1 && this.#chance(0.15)) return this.#make(schema, depth);
    if (Array.isArray(value) && schema.items) return this.#changeList(value, schema.items, depth);
    if (schema.properties && value && typeof value === "object")
      return this.#changeStruct(value, schema, depth);
    if (schema.values && value && typeof value === "object")
      return { ...value, ...this.#make(schema, depth) };
    return this.#make(schema, depth);
  }

  #changeList(list: readonly any[], items: Schema, depth: number): any[] {
    if (this.#chance(0.1)) return [...list, ...list.slice(0, 1)];
    if (!list.length || this.#chance(0.1)) return [...list, this.#make(items, depth + 1)];
    if (this.#chance(0.05)) return list.slice(1);
    const chosen = Math.floor(this.#next() * list.length);
    return list.map((item, i) => (i === chosen ? this.#change(item, items, depth + 1) : item));
  }

  #changeStruct(value: any, schema: Schema, depth: number): any {
    const names = [...schema.properties!.keys()].filter((name) => depth > 1 || !identity.has(name));
    const present = names.filter((name) => value[name] !== undefined);
    const name = present.length && this.#chance(0.6) ? this.pick(present) : this.pick(names);
    const field = schema.properties!.get(name)!;
    const copy = { ...value };
    if (copy[name] === undefined) copy[name] = this.#make(field, depth + 1);
    else if (this.#chance(0.1)) delete copy[name];
    else copy[name] = this.#change(copy[name], field, depth + 1);
    return copy;
  }

  #make(schema: Schema, depth: number): any {
    const { type, format } = schema;
    if (format === "int-or-string") return this.pick([...numbers, ...words]);
    if (format === "quantity") return this.pick(amounts);
    if (format === "date-time" || format === "micro-time") return "2026-01-01T00:00:00Z";
    if (format === "byte") return "YQ==";
    if (type === "boolean") return this.#chance(0.5);
    if (type === "integer" || type === "number") return this.pick(numbers);
    if (type === "array") return this.#times(() => this.#make(schema.items!, depth + 1));
    if (schema.values)
      return Object.fromEntries(this.#times(() => [this.pick(keys), this.#make(schema.values!, depth + 1)]));
    if (type === "object") return this.#makeStruct(schema, depth);
    return this.pick(words);
  }

  #makeStruct({ properties, required }: Schema, depth: number): object {
    const object: Record<string, unknown> = {};
    if (depth >= DEEPEST) return object;
    for (const [name, field] of properties ?? [])
      if (this.#chance(required?.has(name) ? 0.9 : depth > 3 ? 0.15 : 0.25))
        object[name] = this.#make(field, depth + 1);
    return object;
  }

  #times<T>(make: () => T): T[] {
    return Array.from({ length: this.pick([0, 1, 1, 2]) }, make);
  }
}

const identity = new Set(["apiVersion", "kind", "metadata", "status"]);
