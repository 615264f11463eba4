/**
 * All networks by name. To add a network to this package, add a file in `networks/` and a line here. Programs that use the
 * package add networks of their own with `defineNetwork` (`define-network.ts`).
 */
import { requireKnownKeys, requireNumber, unexpectedName } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { Network, NetworkConfiguration } from './network.ts';
import { defaultsOf, type NetworkKind, networkOfKind } from './network-kind.ts';
import { airbench } from './networks/airbench.ts';
import { local } from './networks/local.ts';
import { resnet } from './networks/resnet.ts';
import { tutorial } from './networks/tutorial.ts';

/** The networks of this package. */
export const networkKinds: readonly NetworkKind[] = [tutorial, local, resnet, airbench];

/** The names of the networks of this package. */
export const networkNames: readonly string[] = networkKinds.map(({ name }) => name);

/** The networks that this program has defined, by name. */
const defined = new Map<string, NetworkKind>();

/** Returns the networks of this package, and those that this program has defined. */
export function knownNetworks(): readonly NetworkKind[] {
  return [...networkKinds, ...defined.values()];
}

/** Returns the names of the networks of this package, and of those that this program has defined. */
export function knownNetworkNames(): readonly string[] {
  return knownNetworks().map(({ name }) => name);
}

/** Makes a network known by its name.
 * @param replace whether it may replace a network that this program has defined before
 * @throws UsageError for the name of another network */
export function registerNetwork(kind: NetworkKind, replace: boolean): void {
  const { name } = kind;
  if (networkNames.includes(name))
    throw new UsageError(`defineNetwork: cifar10-ts has a network ${name}; use another name`);
  if (defined.has(name) && !replace)
    throw new UsageError(
      `defineNetwork: a network ${name} is already defined; use another name, or \`replace: true\` to replace it`,
    );
  defined.set(name, kind);
}

/** A network by its name, or as `defineNetwork` returned it. */
export type NetworkReference = string | Pick<NetworkKind, 'name' | 'summary' | 'imageShape'>;

/** Makes the network with the given name and configuration. Numbers that are omitted have their defaults.
 * @param imageShape the shape [C, H, W] of the images that it takes, if it is not the usual one of the network
 * @throws UsageError when no network has the name, or the configuration has a number that the network does not have or a
 * value that is not allowed */
export function makeNetwork(
  network: NetworkReference,
  classes: number,
  configuration: NetworkConfiguration = {},
  imageShape?: Shape,
): Network {
  const kind = knownNetwork('network', network);
  return networkOfKind(kind, classes, completeConfiguration(kind.name, configuration), imageShape);
}

/** Returns all numbers of a network: those given, and the defaults of the others.
 * @param where the argument, or the key of a file, in which the name of the network was given, for messages
 * @throws UsageError under the same conditions as `makeNetwork` */
export function completeConfiguration(
  name: string,
  given: NetworkConfiguration,
  where: string = 'network',
): NetworkConfiguration {
  const kind = knownNetwork(where, name);
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

/** Finds a network.
 * @param where what contains the reference, for messages
 * @throws UsageError for an unknown name, for a kind that `defineNetwork` did not return, and for one that was replaced */
export function knownNetwork(where: string, network: NetworkReference): NetworkKind {
  const name = typeof network === 'string' ? network : network.name;
  const kind = knownNetworks().find((one) => one.name === name);
  if (typeof network === 'string') {
    if (kind === undefined) throw unexpectedName(where, name, knownNetworkNames());
    return kind;
  }
  if (kind !== undefined && Object.is(kind, network)) return kind;
  throw new UsageError(`${where}: pass what the last defineNetwork with the name ${name} returned`);
}

/** Whether a value is a kind of network rather than its name or description. */
export function isNetworkKind(value: unknown): value is NetworkKind {
  return typeof value === 'object' && value !== null && 'create' in value && 'name' in value;
}
