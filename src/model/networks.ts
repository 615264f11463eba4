/** The networks by name. A new one is a file in `networks/` and a line here. */
import { RunError } from '../errors.ts';
import type { Network, NetworkConfiguration, NetworkKind } from './network.ts';
import { resnet } from './networks/resnet.ts';
import { tutorial } from './networks/tutorial.ts';

const kinds: readonly NetworkKind[] = [tutorial, resnet];

export const networkNames: readonly string[] = kinds.map(({ name }) => name);

/** The network of that name and configuration; numbers that are left out have their defaults.
 * @throws RunError when there is no such network, or it has no such number */
export function makeNetwork(
  name: string,
  classes: number,
  configuration: NetworkConfiguration = {},
): Network {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined)
    throw new RunError(`there is no network ${JSON.stringify(name)}; there are ${networkNames.join(', ')}`);
  const unknown = Object.keys(configuration).filter((key) => !Object.hasOwn(kind.defaults, key));
  if (unknown.length > 0) {
    const known = Object.keys(kind.defaults).join(', ');
    throw new RunError(`the network ${name} has no ${unknown.join(' and no ')}; it has ${known}`);
  }
  return kind.create(classes, { ...kind.defaults, ...configuration });
}
