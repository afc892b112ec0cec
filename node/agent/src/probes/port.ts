/** The port that a probe or a hook names: a number, or the name of one of the container's ports. */

import type { Container } from "@knarr/kinds/generated/core-v1.ts";

export function resolvePort(port: number | string, container: Container): number {
  const named = container.ports?.find(({ name }) => name !== undefined && name === port)?.containerPort;
  const number = named ?? (/^[+-]?\d+$/.test(String(port)) ? Number(port) : NaN);
  if (Number.isNaN(number))
    throw new RangeError(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  if (number <= 0 || number > 65535) throw new RangeError(`invalid port number: ${number}`);
  return number;
}
