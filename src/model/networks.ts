/** All networks by name. To add a network, add a file in `networks/` and a line here. */
import { requireKnownKeys, requireNumber, unexpectedName } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import { defaultsOf, type Network, type NetworkConfiguration, type NetworkKind } from './network.ts';
import { local } from './networks/local.ts';
import { resnet } from './networks/resnet.ts';
import { tutorial } from './networks/tutorial.ts';

export const networkKinds: readonly NetworkKind[] = [tutorial, local, resnet];

export const networkNames: readonly string[] = networkKinds.map(({ name }) => name);

/** Makes the network with the given name and configuration. Numbers that are omitted have their defaults.
 * @param imageShape the shape [C, H, W] of the images that it takes, if it is not the usual one of the network
 * @throws UsageError when no network has the name, or the configuration has a number that the network does not have or a
 * value that is not allowed */
export function makeNetwork(
  name: string,
  classes: number,
  configuration: NetworkConfiguration = {},
  imageShape?: Shape,
): Network {
  const kind = kindNamed('network', name);
  return kind.create(classes, completeConfiguration(name, configuration), imageShape ?? kind.imageShape);
}

/** Returns all numbers of a network: those given, and the defaults of the others.
 * @param where the argument, or the key of a file, in which the name of the network was given, for messages
 * @throws UsageError under the same conditions as `makeNetwork` */
export function completeConfiguration(
  name: string,
  given: NetworkConfiguration,
  where: string = 'network',
): NetworkConfiguration {
  const kind = kindNamed(where, name);
  requireKnownKeys(`${where}: ${name}`, given, Object.keys(kind.numbers));
  for (const [key, value] of Object.entries(given)) {
    const bounds = kind.numbers[key];
    if (bounds !== undefined) requireNumber(`${where}: ${key} of ${name}`, value, bounds);
  }
  const complete = { ...defaultsOf(kind), ...given };
  const problem = kind.problem?.(complete);
  if (problem !== undefined) throw new UsageError(`${where}: ${name}: ${problem}`);
  return complete;
}

function kindNamed(where: string, name: string): NetworkKind {
  const kind = networkKinds.find((one) => one.name === name);
  if (kind === undefined) throw unexpectedName(where, name, networkNames);
  return kind;
}
