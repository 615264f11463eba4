/**
 * Recipes as TOML (https://toml.io, version 1.0). The keys are the options of a recipe and a run in snake case, including
 * every hyperparameter.
 *
 *     batch_size = 128                      RecipeObject.batchSize
 *     learning_rate = 0.1                   RecipeObject.hyperparameters.learningRate
 *     [network]                             RecipeObject.network
 *     name = "resnet"
 *     configuration = { depth = 20 }
 *     [[groups]]                            RecipeObject.groups
 *     match = "norm*"
 *     learning_rate = 2
 */
import { parse, TomlError } from 'smol-toml';
import { aListOf, type Check, requireKnownKeys, requireOneOf, requireRecord } from '../arguments.ts';
import { RunError, UsageError } from '../errors.ts';
import { completeConfiguration, knownNetworkNames, knownNetworks } from '../model/networks.ts';
import { hyperparameterChecks, hyperparameterNames } from '../recipe/hyperparameters.ts';
import { requireNetwork, requireNetworkObject } from '../recipe/network-request.ts';
import { groupChecks } from '../recipe/parameter-groups.ts';
import { alternatives, oneLine, shortened, snakeCase } from '../wording.ts';
import { processOptionChecks } from './process-options.ts';
import { type RecipeObject, recipeObjectChecks } from './recipe-object.ts';

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The keys at the top level of a recipe file, with their checks. */
const keys: ReadonlyMap<string, Check> = new Map<string, Check>(
  [
    ...Object.entries(recipeObjectChecks).filter(([name]) => name !== 'hyperparameters'),
    ...Object.entries(hyperparameterChecks),
  ].map(([name, { check }]) => [snakeCase(name), check]),
);

export const recipeKeys: readonly string[] = [...keys.keys()];

/** The training options that are not part of a recipe, and the flag that only the command line has. */
const otherOptions: readonly string[] = [...Object.keys(processOptionChecks), 'logFrequency'];

/** Parses the options in a recipe file.
 * @param file the path of the file, for messages
 * @throws RunError with the file, the line, the key, what was found and what was expected */
export function parseRecipe(text: string, file: string): RecipeObject {
  const table = parsed(text, file);
  const at: At = (path, task) => located(text, file, path, task);
  const read: Record<string, unknown> = {};
  const hyperparameters: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const name = camelCase(key);
    at([key], () => requireKey(key));
    const isHyperparameter = hyperparameterNames.some((one) => one === name);
    (isHyperparameter ? hyperparameters : read)[name] = optionOf(key, value, at);
  }
  if (read['epochs'] !== undefined && read['maxSteps'] !== undefined)
    at(['epochs'], () => {
      throw new UsageError('epochs and max_steps cannot be combined; leave one of them out');
    });
  return { ...read, hyperparameters };
}

/** Converts the value of a key to the value of an option. */
function optionOf(key: string, value: unknown, at: At): unknown {
  if (key === 'network') requireNetworkIn(value, at);
  else if (key === 'groups') return groupsIn(value, at);
  else at([key], () => keys.get(key)?.(key, value));
  return value;
}

/** Runs a task that checks the value at a path (a list of keys) in the file. Its errors get the line of that value. */
type At = <T>(path: readonly string[], task: () => T) => T;

function located<T>(text: string, file: string, path: readonly string[], task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const line = lineOf(text, path);
    const where = line === undefined ? file : `${file}:${line}`;
    throw new RunError(`${where}: ${error.message}`, { cause: error });
  }
}

function requireKey(key: string): void {
  const name = camelCase(key.replaceAll('-', '_'));
  if (otherOptions.includes(name))
    throw new UsageError(
      `${key} is not part of a recipe, because it does not affect results; use \`${name}\` instead`,
    );
  if (name === 'scaleLearningRate')
    throw new UsageError(
      `${key} is not part of a recipe, which contains the rates that it trains with; use \`scaleLearningRate\` instead`,
    );
  if (key === 'hyperparameters')
    throw new UsageError('hyperparameters must be keys at the top level, such as learning_rate = 0.1');
  requireKnownKeys('a recipe', { [key]: true }, recipeKeys);
}

/** Checks a network key by key, so that the error contains the line of the key. */
function requireNetworkIn(value: unknown, at: At): void {
  if (typeof value === 'string') {
    at(['network'], () => requireNetwork('network', value));
    return;
  }
  at(['network'], () => requireNetworkObject('network', value));
  const { name, configuration = {}, ...others } = value as Readonly<Record<string, unknown>>;
  for (const [key, number] of Object.entries(others))
    at(['network', key], () => {
      if (isNumberOf(name, key))
        throw new UsageError(
          `network: ${key} belongs in the configuration: configuration = { ${key} = ${String(number)} }`,
        );
      requireKeyOf('network', key, ['name', 'configuration']);
    });
  at(['network', 'name'], () => {
    if (name === undefined)
      throw new UsageError(`network has no key name, expected ${alternatives(knownNetworkNames())}`);
    requireOneOf('network.name', name, knownNetworkNames());
  });
  at(['network', 'configuration'], () => requireRecord('network.configuration', configuration));
  for (const [key, number] of Object.entries(configuration as Readonly<Record<string, number>>))
    at(['network', 'configuration', key], () =>
      completeConfiguration(String(name), { [key]: number }, 'network.configuration'),
    );
}

/** Whether a key is a number of the configuration of the named network. */
function isNumberOf(network: unknown, key: string): boolean {
  const kind = knownNetworks().find(({ name }) => name === network);
  return kind !== undefined && Object.hasOwn(kind.numbers, key);
}

/** Requires a table to know a key. A common mistake is a key of the recipe below the header of a table. */
function requireKeyOf(table: string, key: string, known: readonly string[]): void {
  if (!known.includes(key) && recipeKeys.includes(key))
    throw new UsageError(
      `${key} is a key of the recipe, but here it belongs to ${table}; write it above the first line in brackets`,
    );
  requireKnownKeys(table, { [key]: true }, known);
}

/** The checks for the keys of a group of parameters, and the values of omitted keys. */
const groupKeys: ReadonlyMap<string, Check> = new Map(
  Object.entries(groupChecks).map(([name, { check }]) => [snakeCase(name), check]),
);
const plainGroup = { match: '', learningRate: 1, weightDecay: 1 };

function groupsIn(value: unknown, at: At): unknown {
  at(['groups'], () => {
    if (typeof value === 'object' && !Array.isArray(value))
      throw new UsageError(
        'groups: found one table, expected a list of tables; write [[groups]] instead of [groups]',
      );
    aListOf(requireRecord)('groups', value);
  });
  const groups = value as readonly Readonly<Record<string, unknown>>[];
  return groups.map((group, index) => {
    const where = `groups[${index}]`;
    for (const [key, item] of Object.entries(group))
      at(['groups', String(index), key], () => {
        requireKeyOf(where, key, [...groupKeys.keys()]);
        groupKeys.get(key)?.(`${where}.${key}`, item);
      });
    if (group['match'] === undefined)
      at(['groups', String(index), 'match'], () => {
        throw new UsageError(`${where} has no key match, expected a pattern such as "*/biases"`);
      });
    const entries = Object.entries(group).map(([key, item]) => [camelCase(key), item] as const);
    return { ...plainGroup, ...Object.fromEntries(entries) };
  });
}

/** Parses a TOML text.
 * @throws RunError with the number and the text of the line that has a syntax error, and the column */
function parsed(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text, { maxDepth: 32 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    const found = text.split(/\r?\n/)[line - 1] ?? '';
    const shown = `  ${line} | ${oneLine(shortened(found))}`;
    throw new RunError(`${file}:${line}:${column}: not valid TOML (${reason})\n${shown}`, { cause: error });
  }
}

/** The maximum number of lines with the key that are tried, which is enough for any hand-written file. */
const mostLines = 100;

/** Returns the line (from 1) of the key at a path, or of the table that lacks the key. Returns undefined if the line is not
 * certain, as for values with several lines. */
function lineOf(text: string, path: readonly string[]): number | undefined {
  if (path.length === 0) return undefined;
  const lines = text.split(/\r?\n/);
  const word = path.findLast((key) => !/^\d+$/.test(key)) ?? '';
  // This is the first line that contains the key and up to which the file is valid and has a value at the path.
  const found = lines
    .flatMap((line, index) => (line.includes(word) ? [index] : []))
    .slice(0, mostLines)
    .find((index) => has(lines.slice(0, index + 1).join('\n'), path));
  return found === undefined ? lineOf(text, path.slice(0, -1)) : found + 1;
}

/** Whether the beginning of a file is valid TOML that has a value at the path. */
function has(text: string, path: readonly string[]): boolean {
  try {
    let value: unknown = parse(text, { maxDepth: 32 });
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return true;
  } catch {
    return false;
  }
}
