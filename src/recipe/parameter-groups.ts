/** Groups of parameters that have their own learning rate, weight decay or optimizer. */

import {
  aChoice,
  aFiniteNumber,
  aListOf,
  aNumberWithin,
  anOptionsObject,
  aText,
  type Check,
  type OptionChecks,
  optional,
  required,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { type OptimizerName, optimizerNames } from '../optimizer/optimizers.ts';
import { finiteNumber, listOf, oneOf, type Reader, record, text, withDefault } from '../readers.ts';
import { hyperparameterTable } from './hyperparameters.ts';

/** Parameters that have their own settings. */
export interface ParameterGroup {
  /** A pattern for parameter names; `*` matches any text, so `*\/biases` matches every bias. */
  readonly match: string;
  /** The factor by which the learning rate of these parameters is multiplied. */
  readonly learningRate: number;
  /** The factor by which the weight decay of these parameters is multiplied. */
  readonly weightDecay: number;
  /** The optimizer of these parameters. Default: that of the recipe. */
  readonly optimizer?: OptimizerName | undefined;
  /** The momentum of these parameters. Default: that of the recipe. */
  readonly momentum?: number | undefined;
  /** The number of epochs for which these parameters are trained. Default: all of the run. */
  readonly epochs?: number | undefined;
}

/** The checks of the settings of a group. Every new setting needs a line here. */
export const groupChecks: OptionChecks<ParameterGroup> = {
  match: required(aText),
  learningRate: required(aFiniteNumber(0)),
  weightDecay: required(aFiniteNumber(0)),
  optimizer: optional(aChoice(optimizerNames)),
  momentum: optional(aNumberWithin(hyperparameterTable.momentum)),
  epochs: optional(aFiniteNumber(0)),
};

export const groupsCheck: Check = aListOf(anOptionsObject<ParameterGroup>(groupChecks));

export const readParameterGroups: Reader<readonly ParameterGroup[]> = listOf(
  record<ParameterGroup>({
    match: text,
    learningRate: finiteNumber,
    weightDecay: finiteNumber,
    optimizer: withDefault(oneOf(optimizerNames), undefined),
    momentum: withDefault(finiteNumber, undefined),
    epochs: withDefault(finiteNumber, undefined),
  }),
);

/** Whether a group contains a parameter. */
export function matches(parameter: string, { match }: ParameterGroup): boolean {
  return patternOf(match).test(parameter);
}

/** The settings of a parameter that belongs to groups. */
export type GroupSettings = Omit<ParameterGroup, 'match' | 'epochs'>;

/** Returns the settings of a parameter. Its factors are the products of the factors of all groups that match it. Of the other
 * settings, those of the last group that has them count. */
export function settingsOf(parameter: string, groups: readonly ParameterGroup[]): GroupSettings {
  const matching = groups.filter((group) => matches(parameter, group));
  const product = (name: 'learningRate' | 'weightDecay') =>
    matching.reduce((factor, group) => factor * group[name], 1);
  const last = <Name extends 'optimizer' | 'momentum'>(name: Name): ParameterGroup[Name] =>
    matching.findLast((group) => group[name] !== undefined)?.[name];
  return {
    ...{ learningRate: product('learningRate'), weightDecay: product('weightDecay') },
    ...{ optimizer: last('optimizer'), momentum: last('momentum') },
  };
}

/** Patterns for the layers that are not trained: `conv1` for one layer, `*` for any text, such as `block1*`. */
export type FrozenLayers = readonly string[];

export const frozenCheck: Check = aListOf(aText);

/** Frozen layers as a request names them: a list, or a text with commas, such as `conv1,conv2`. */
export type FrozenRequest = FrozenLayers | string;

export const aFrozenRequest: Check = (name, value) => {
  if (typeof value !== 'string') frozenCheck(name, value);
  if (frozenLayers(value as FrozenRequest).includes(''))
    throw new UsageError(
      `\`${name}\`: expected names of layers, such as conv1,conv2, found ${JSON.stringify(value)}`,
    );
};

export function frozenLayers(request: FrozenRequest): FrozenLayers {
  return typeof request === 'string' ? request.split(',').map((layer) => layer.trim()) : request;
}

/** Whether a variable belongs to a layer that is not trained. */
export function isFrozen(variable: string, frozen: FrozenLayers): boolean {
  return frozen.some((layer) => [layer, `${layer}/*`].some((match) => patternOf(match).test(variable)));
}

function patternOf(match: string): RegExp {
  const literal = match.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`);
}
