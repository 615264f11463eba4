/**
 * Networks of the programs that use this package. A definition is registered by its name, so that everything that takes the
 * name of a network finds it: requests, recipe files, checkpoints and exported files.
 */
import {
  aBoolean,
  aFiniteNumber,
  aFunction,
  aListOf,
  aText,
  aWholeNumber,
  type Check,
  type OptionChecks,
  optional,
  required,
  requireNumber,
  requireOneOf,
  requireOptions,
  requireRecord,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import type { Network, NetworkConfiguration } from './network.ts';
import { defaultsOf, type NetworkKind, type NetworkNumber } from './network-kind.ts';
import { completeConfiguration, registerNetwork } from './networks.ts';

/** The configuration of a network with these numbers. */
export type ConfigurationOf<Numbers extends string> = Readonly<Record<Numbers, number>>;

/** A network of the program's own.
 * @typeParam Numbers the names of the numbers of its configuration */
export interface NetworkDefinition<Numbers extends string>
  extends Omit<NetworkKind<ConfigurationOf<Numbers>>, 'numbers'> {
  /** The numbers of its configuration. Default: none. */
  readonly numbers?: Readonly<Record<Numbers, NetworkNumber>> | undefined;
}

/** Options of `defineNetwork`. */
export interface DefinitionOptions {
  /** Whether to replace a network of the same name that the program has defined before, as when a cell of a notebook runs
   * again. Default: false. */
  readonly replace?: boolean | undefined;
}

/** A defined network. It can be used wherever the name of a network can. */
export interface DefinedNetwork<Numbers extends string> extends NetworkKind<ConfigurationOf<Numbers>> {
  /** Returns the network with other numbers than the defaults, for requests and recipes.
   * @throws UsageError for a number that the network does not have, or that is out of range */
  readonly with: (
    configuration: Partial<ConfigurationOf<Numbers>>,
  ) => Pick<Network, 'name' | 'configuration'>;
}

/**
 * Defines a network, which can then be used like those of this package, by its name or by the value that this function returns.
 *
 * The name is stored in checkpoints and exported files. A program that opens these must define the network first, so put the
 * definition into a module that every such program imports. Commands import it with `NODE_OPTIONS="--import ./my-network.mjs"`.
 * A network that computes something different needs another name.
 *
 * @example
 * import { defineNetwork, heNormal, openModel, train } from 'cifar10-ts';
 *
 * const small = defineNetwork({
 *   name: 'small',
 *   summary: 'two convolutions and a fully connected layer',
 *   numbers: {
 *     width: { kind: 'integer', minimum: 1, maximum: 512, default: 16, help: 'output channels of conv1' },
 *   },
 *   imageShape: [3, 32, 32],
 *   create: ({ layers, images, classes, configuration: { width } }) => {
 *     const convolution = { kernel: [3, 3], padding: 'SAME', initializer: heNormal, decayShare: 1 } as const;
 *     let x = images;
 *     for (const [name, filters] of [['conv1', width], ['conv2', 2 * width]] as const)
 *       x = layers.scope(name, () => {
 *         const convolved = layers.convolution(x, { ...convolution, filters });
 *         const activation = layers.relu(layers.batchNormalization(convolved));
 *         return layers.maxPool(activation, { size: 2, stride: 2, padding: 'SAME' });
 *       });
 *     const features = layers.globalAveragePool(x);
 *     const logits = { units: classes, initializer: heNormal, bias: 0 };
 *     return layers.scope('logits', () => layers.dense(features, logits));
 *   },
 * });
 *
 * // Instead of `small.with({ width: 8 })`, `small` or 'small:width=8' are also networks.
 * await train({
 *   network: small.with({ width: 8 }),
 *   augmentation: 'pad_crop_flip',
 *   trainDir: 'run',
 *   dataDir: 'data',
 *   dataset: 'synthetic',
 *   batchSize: 128,
 *   maxSteps: 1000,
 * });
 * const model = await openModel('run');
 * const gray = { data: new Uint8Array(32 * 32 * 3).fill(128), width: 32, height: 32 };
 * for (const { label, probability } of await model.classify(gray, { topK: 3 })) console.log(label, probability);
 * await model.release();
 *
 * @throws UsageError for an invalid definition, and for the name of another network
 */
export function defineNetwork<Numbers extends string = never>(
  definition: NetworkDefinition<Numbers>,
  options: DefinitionOptions = {},
): DefinedNetwork<Numbers> {
  requireOptions(definition, definitionChecks, 'defineNetwork');
  requireOptions(options, optionChecks, 'options of defineNetwork');
  const { name, summary, problem, create } = definition;
  // The definition is copied, so that later changes by the caller do not apply to runs in progress.
  const imageShape = [...definition.imageShape];
  const numbers = { ...definition.numbers } as Readonly<Record<Numbers, NetworkNumber>>;
  const kind: DefinedNetwork<Numbers> = Object.freeze({
    ...{ name, summary, numbers, problem, imageShape, create },
    with: (configuration: Partial<ConfigurationOf<Numbers>>) => ({
      name,
      configuration: completeConfiguration(name, configuration as NetworkConfiguration),
    }),
  });
  requireDefaults(kind);
  registerNetwork(kind, options.replace ?? false);
  return kind;
}

/** Requires the default configuration to be allowed. */
function requireDefaults<C extends NetworkConfiguration>(kind: NetworkKind<C>): void {
  const found = kind.problem?.(defaultsOf(kind));
  if (found !== undefined)
    throw new UsageError(`defineNetwork: \`problem\` refuses the defaults of ${kind.name}: ${found}`);
}

/** Letters, digits and `_ . -`, because `name:key=1,other=2` is a network with its configuration. */
const words = /^[A-Za-z][\w.-]*$/;

const aWord: Check = (where, value) => {
  aText(where, value);
  if (words.test(String(value))) return;
  throw new UsageError(
    `${where}: found ${JSON.stringify(value)}, expected a letter and then letters, digits, _, . or -`,
  );
};

const definitionChecks: OptionChecks<NetworkDefinition<string>> = {
  name: required(aWord),
  summary: required(aText),
  numbers: optional((where, value) => {
    requireRecord(where, value, 'an object with the numbers by name');
    for (const [name, number] of Object.entries(value)) {
      aWord(`a name in ${where}`, name);
      requireOptions(number as NetworkNumber, numberChecks, `${where}.${name}`);
      requireDefault(`${where}.${name}`, number as NetworkNumber);
    }
  }),
  problem: optional(aFunction),
  imageShape: required(aListOf(aWholeNumber(1), 3)),
  create: required(aFunction),
};

const numberChecks: OptionChecks<NetworkNumber> = {
  kind: required((where, value) => requireOneOf(where, value, ['integer', 'number'])),
  minimum: required(aFiniteNumber()),
  maximum: optional(aFiniteNumber()),
  default: required(aFiniteNumber()),
  help: required(aText),
};

/** Requires the default to be within the bounds. */
function requireDefault(where: string, number: NetworkNumber): void {
  requireNumber(`${where}.default`, number.default, number);
}

const optionChecks: OptionChecks<DefinitionOptions> = { replace: optional(aBoolean) };
