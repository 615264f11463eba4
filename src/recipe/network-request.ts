/** The network that a recipe, a request or a file names. */
import { aText, type Check, requireKnownKeys, requireRecord } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { completeConfiguration } from '../model/networks.ts';

/** A network as data. */
export interface NetworkDescription {
  readonly name: string;
  /** The numbers that shape it, such as the widths of its layers. */
  readonly configuration: Readonly<Record<string, number>>;
}

/** `resnet`, `resnet:depth=56`, or an object; numbers that are left out have their defaults. */
export type NetworkRequest =
  | string
  | { readonly name: string; readonly configuration?: Readonly<Record<string, number>> | undefined };

/** The network of a request, with all its numbers.
 * @param where what names the network in messages
 * @throws UsageError when there is no such network, or it has no such number, or not with that value */
export function requireNetwork(where: string, value: unknown): NetworkDescription {
  const { name, configuration } = typeof value === 'string' ? parsed(where, value) : described(where, value);
  return { name, configuration: completeConfiguration(name, configuration, where) };
}

export const aNetworkRequest: Check = (where, value) => {
  requireNetwork(`\`${where}\``, value);
};

/** `resnet:depth=56,width=16`. */
function parsed(where: string, text: string): NetworkDescription {
  const [, name = text, list = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  const words = list === '' ? [] : list.split(',');
  return { name, configuration: Object.fromEntries(words.map((word) => numberIn(where, name, word))) };
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
  requireRecord(where, value);
  requireKnownKeys(where, value, ['name', 'configuration']);
  const { name, configuration = {} } = value;
  aText(`${where}.name`, name);
  requireRecord(`${where}.configuration`, configuration);
  return { name: String(name), configuration: configuration as NetworkDescription['configuration'] };
}
