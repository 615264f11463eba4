/** Groups of parameters that have their own learning rate or weight decay. */

import {
  aFiniteNumber,
  aListOf,
  anOptionsObject,
  aText,
  type Check,
  optional,
  required,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { finiteNumber, listOf, type Reader, record, text, withDefault } from '../readers.ts';

/** Parameters that have their own factors. */
export interface ParameterGroup {
  /** A pattern for parameter names; `*` matches any text, so `*\/biases` matches every bias. */
  readonly match: string;
  /** The factor by which the learning rate of these parameters is multiplied. */
  readonly learningRate: number;
  /** The factor by which the weight decay of these parameters is multiplied. */
  readonly weightDecay: number;
  /** The number of epochs for which these parameters are trained. Default: all of the run. */
  readonly epochs?: number | undefined;
}

export const groupsCheck: Check = aListOf(
  anOptionsObject<ParameterGroup>({
    match: required(aText),
    learningRate: required(aFiniteNumber(0)),
    weightDecay: required(aFiniteNumber(0)),
    epochs: optional(aFiniteNumber(0)),
  }),
);

export const readParameterGroups: Reader<readonly ParameterGroup[]> = listOf(
  record<ParameterGroup>({
    match: text,
    learningRate: finiteNumber,
    weightDecay: finiteNumber,
    epochs: withDefault<number | undefined>(finiteNumber, undefined),
  }),
);

/** Whether a group contains a parameter. */
export function matches(parameter: string, { match }: ParameterGroup): boolean {
  return patternOf(match).test(parameter);
}

/** Returns the factors of a parameter, which are the products of the factors of all groups that match it. */
export function factorsOf(
  parameter: string,
  groups: readonly ParameterGroup[],
): Pick<ParameterGroup, 'learningRate' | 'weightDecay'> {
  const matching = groups.filter((group) => matches(parameter, group));
  const product = (name: 'learningRate' | 'weightDecay') =>
    matching.reduce((factor, group) => factor * group[name], 1);
  return { learningRate: product('learningRate'), weightDecay: product('weightDecay') };
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
