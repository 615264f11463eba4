/** The network that a recipe, a request or a file specifies. */
import { aText, type Check, requireKnownKeys, requireRecord } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import {
  completeConfiguration,
  isNetworkKind,
  knownNetwork,
  knownNetworks,
  type NetworkReference,
} from '../model/networks.ts';
import { alternatives } from '../wording.ts';

/** The name and the configuration of a network, as plain data. */
export interface NetworkDescription {
  readonly name: string;
  /** The numbers of its configuration, such as the widths of its layers. */
  readonly configuration: Readonly<Record<string, number>>;
}

/** `resnet`, `resnet:depth=56`, an object, or a network that `defineNetwork` returned. Numbers of the configuration that are
 * omitted have their defaults. */
export type NetworkRequest =
  | NetworkReference
  | { readonly name: string; readonly configuration?: Readonly<Record<string, number>> | undefined };

/** Returns the network of a request, with all the numbers of its configuration.
 * @param where what contains the request, such as an option, for messages
 * @throws UsageError when there is no such network, its configuration has no such number, or the number is out of range */
export function requireNetwork(where: string, value: unknown): NetworkDescription {
  const { name, configuration } = given(where, value);
  return { name, configuration: completeConfiguration(name, configuration, where) };
}

/** Returns a network with another `width`.
 * @throws UsageError when its configuration has no such number, or the number is out of range */
export function withWidth({ name, configuration }: NetworkDescription, width: number): NetworkDescription {
  if (configuration['width'] === undefined)
    throw new UsageError(`\`width\`: the network ${name} has no width; ${widthAdvice()}`);
  return { name, configuration: completeConfiguration(name, { ...configuration, width }, '`width`') };
}

function widthAdvice(): string {
  const names = knownNetworks().flatMap(({ name, numbers }) => ('width' in numbers ? [name] : []));
  return `leave it out, or use ${alternatives(names.map((name) => `\`network: ${name}\``))}`;
}

export const aNetworkRequest: Check = (where, value) => {
  requireNetwork(`\`${where}\``, value);
};

function given(where: string, value: unknown): NetworkDescription {
  if (typeof value === 'string') return parsed(where, value);
  if (isNetworkKind(value)) return { name: knownNetwork(where, value).name, configuration: {} };
  return described(where, value);
}

/** Requires a network request to be an object if it is not a text.
 * @throws UsageError for anything else */
export function requireNetworkObject(
  where: string,
  value: unknown,
): asserts value is Readonly<Record<string, unknown>> {
  requireRecord(where, value, 'a name such as "resnet", or an object with a name and a configuration');
}

/** Parses a text such as `resnet:depth=56,width=16`. */
function parsed(where: string, text: string): NetworkDescription {
  const [, name = text, list = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  const words = list === '' ? [] : list.split(',');
  const numbers = words.map((word) => numberIn(where, name, word));
  const twice = numbers.find(([key], index) => numbers.findIndex(([other]) => other === key) < index);
  if (twice !== undefined) throw new UsageError(`${where}: ${name}: ${twice[0]} is given twice`);
  return { name, configuration: Object.fromEntries(numbers) };
}

function numberIn(where: string, network: string, word: string): readonly [string, number] {
  const [, key, digits] = /^\s*([^=\s]+)\s*=\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*$/i.exec(word) ?? [];
  if (key === undefined || !Number.isFinite(Number(digits)))
    throw new UsageError(
      `${where}: found ${JSON.stringify(word)} after ${network}:, expected numbers such as ${network}:key=1,other=2`,
    );
  return [key, Number(digits)];
}

function described(where: string, value: unknown): NetworkDescription {
  requireNetworkObject(where, value);
  requireKnownKeys(where, value, ['name', 'configuration']);
  const { name, configuration = {} } = value;
  aText(`${where}.name`, name);
  requireRecord(`${where}.configuration`, configuration);
  return { name: String(name), configuration: configuration as NetworkDescription['configuration'] };
}
