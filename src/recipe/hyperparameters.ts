/**
 * The hyperparameters of a recipe. Each record defines the flag with its help, the type, the field in checkpoints (and its
 * value for checkpoints that lack the field), and the entry on TensorBoard's HParams page. The defaults are those of the
 * tutorial (r0.11, `cifar10.py`) where it has them.
 */
import {
  aChoice,
  aNumberWithin,
  anOptionsObject,
  type Check,
  type OptionChecks,
  type OptionsCheck,
  optional,
  required,
} from '../arguments.ts';
import { optimizerNames } from '../optimizer/optimizers.ts';
import { scheduleNames } from '../optimizer/schedule.ts';
import { finiteNumber, oneOf, type Reader, record, wholeNumber, withDefault } from '../readers.ts';
import { alternatives } from '../wording.ts';

export interface NumberRecord {
  /** `integer` allows whole numbers only. */
  readonly kind: 'integer' | 'number';
  /** The placeholder for the value in help and messages. */
  readonly valueName: string;
  /** The bounds, both inclusive. */
  readonly minimum: number;
  readonly maximum?: number;
  readonly default: number;
  readonly help: string;
  /** The name of the field in checkpoints of versions before 0.2. */
  readonly formerName?: string;
}
export interface ChoiceRecord {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly valueName?: string;
  readonly default: string;
  readonly help: string;
}

export const hyperparameterTable = {
  optimizer: {
    kind: 'choice',
    valueName: 'name',
    choices: optimizerNames as typeof optimizerNames,
    default: 'sgd',
    help: alternatives(optimizerNames) as string,
  },
  momentum: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    maximum: 0.999_999,
    default: 0.9,
    help: 'factor of the previous update, for momentum, nesterov and muon',
  },
  beta1: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    maximum: 0.999_999,
    default: 0.9,
    help: 'decay of the moving average of gradients, for adam and adamw',
  },
  beta2: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    maximum: 0.999_999,
    default: 0.999,
    help: 'decay of the moving average of squared gradients, for adam and adamw',
  },
  epsilon: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    default: 1e-8,
    help: 'added to the denominator, for adam and adamw',
  },
  newtonSchulzSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 1,
    maximum: 20,
    default: 5,
    help: 'iterations with which muon orthogonalizes the momentum of filters and dense weights',
  },
  weightNorm: {
    kind: 'number',
    valueName: 'norm',
    minimum: 0,
    default: 0,
    help: 'norm of the weights of an output (root mean square) to which muon scales filters and dense weights before every update (0 for no scaling)',
  },
  schedule: {
    kind: 'choice',
    valueName: 'name',
    choices: scheduleNames as typeof scheduleNames,
    default: 'staircase',
    help: alternatives(scheduleNames) as string,
  },
  learningRate: {
    kind: 'number',
    valueName: 'rate',
    minimum: 0,
    default: 0.1,
    formerName: 'initialLearningRate',
    help: 'initial learning rate',
  },
  learningRateDecayFactor: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    maximum: 1,
    default: 0.1,
    help: 'factor by which the learning rate is multiplied at each step of the staircase',
  },
  numEpochsPerDecay: {
    kind: 'number',
    valueName: 'epochs',
    minimum: 0.000001,
    default: 350,
    help: 'epochs between the steps of the staircase',
  },
  startLearningRate: {
    kind: 'number',
    valueName: 'rate',
    minimum: 0,
    default: 0,
    help: 'learning rate of the first step of the triangular schedule',
  },
  riseShare: {
    kind: 'number',
    valueName: 'share',
    minimum: 0,
    maximum: 1,
    default: 0.23,
    help: 'fraction of the steps over which the learning rate of the triangular schedule rises',
  },
  endLearningRate: {
    kind: 'number',
    valueName: 'rate',
    minimum: 0,
    default: 0,
    help: 'final learning rate of linear, cosine, polynomial and triangular schedules',
  },
  decayPower: {
    kind: 'number',
    valueName: 'x',
    minimum: 0,
    default: 1,
    help: 'exponent of the polynomial schedule',
  },
  decaySteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 0,
    default: 0,
    help: 'steps until linear, cosine, polynomial and triangular end; 0 for `maxSteps` at the start of the run',
  },
  warmupSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 0,
    default: 0,
    help: 'steps of linear warm-up to the initial learning rate',
  },
  movingAverageDecay: {
    kind: 'number',
    valueName: 'decay',
    minimum: 0,
    maximum: 1,
    default: 0.9999,
    help: 'decay of the moving averages of the weights (and of running statistics); with 0 there are no averages, and the weights themselves are evaluated',
  },
  lookAheadSteps: {
    kind: 'integer',
    valueName: 'steps',
    minimum: 0,
    default: 0,
    help: 'steps after which the weights are moved to slowly changing averages of them (look-ahead); 0 for never',
  },
  lookAheadDecay: {
    kind: 'number',
    valueName: 'decay',
    minimum: 0,
    maximum: 1,
    default: 0.95,
    help: 'decay of these averages per step at the end of the run; it grows with the cube of the completed share of the run',
  },
  weightDecay: {
    kind: 'number',
    valueName: 'factor',
    minimum: 0,
    default: 0.004,
    help: 'factor of half the sum of squared weights in the loss (in the tutorial those of local3 and local4); adamw and muon decay the weights directly',
  },
  labelSmoothing: {
    kind: 'number',
    valueName: 'share',
    minimum: 0,
    maximum: 1,
    default: 0,
    help: "fraction of each image's target that is spread evenly over all classes",
  },
  earlySize: {
    kind: 'integer',
    valueName: 'pixels',
    minimum: 0,
    maximum: 1024,
    default: 0,
    help: 'height and width of the images of the first steps, such as 24 instead of 32; 0 for images of the same size in all steps',
  },
  earlyShare: {
    kind: 'number',
    valueName: 'share',
    minimum: 0,
    maximum: 1,
    default: 0.5,
    help: 'fraction of `decaySteps` (by default, of the steps of the run) that have images of that size',
  },
  clipNorm: {
    kind: 'number',
    valueName: 'norm',
    minimum: 0,
    default: 0,
    help: 'maximum norm of all gradients together (0 for no limit)',
  },
} as const;

type Table = typeof hyperparameterTable;
/** The name of a hyperparameter. */
export type HyperparameterName = keyof Table;
type ValueOf<R> = R extends { choices: readonly (infer Choice)[] } ? Choice : number;
/** A value for every hyperparameter. */
export type Hyperparameters = { readonly [Name in HyperparameterName]: ValueOf<Table[Name]> };

const entries = Object.entries<NumberRecord | ChoiceRecord>(hyperparameterTable);
export const hyperparameterNames: readonly HyperparameterName[] = entries.map(
  ([name]) => name as HyperparameterName,
);

/** Makes hyperparameters from a function that returns the value of each. */
export function makeHyperparameters(choose: (name: HyperparameterName) => string | number): Hyperparameters {
  return Object.fromEntries(hyperparameterNames.map((name) => [name, choose(name)])) as Hyperparameters;
}

/** The hyperparameters of the tutorial. */
export const tutorialHyperparameters: Hyperparameters = makeHyperparameters(
  (name) => hyperparameterTable[name].default,
);

/** The check of an object with all hyperparameters, and the checks of one with only those that a caller changes. */
export const allHyperparameters: OptionsCheck = anOptionsObject<Hyperparameters>(checksWith(required));
export const hyperparameterChecks: OptionChecks<Partial<Hyperparameters>> = checksWith(optional);
export const someHyperparameters: OptionsCheck = anOptionsObject(hyperparameterChecks);

function checksWith<C>(need: (check: Check) => C): { readonly [Name in HyperparameterName]: C } {
  return Object.fromEntries(entries.map(([name, found]) => [name, need(checkOf(found))])) as {
    readonly [Name in HyperparameterName]: C;
  };
}

function checkOf(found: NumberRecord | ChoiceRecord): Check {
  if (found.kind === 'choice') return aChoice(found.choices);
  return aNumberWithin(found);
}

/** Reads the hyperparameters of a checkpoint. Fields that older versions did not write get their default.
 * @throws RunError with the name of the field */
export const readHyperparameters: Reader<Hyperparameters> = (value, where) =>
  readFields(withoutFormerNames(value), where);

const readFields = record<Hyperparameters>(
  Object.fromEntries(entries.map(([name, found]) => [name, readerOf(found)])) as {
    readonly [Name in HyperparameterName]: Reader<Hyperparameters[Name]>;
  },
);

function readerOf(found: NumberRecord | ChoiceRecord): Reader<string | number> {
  if (found.kind === 'choice') return withDefault(oneOf(found.choices), found.default);
  return withDefault(found.kind === 'integer' ? wholeNumber(found.minimum) : finiteNumber, found.default);
}

/** Renames fields that had other names in older versions. */
function withoutFormerNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const names = new Map(
    entries.flatMap(([name, found]) => ('formerName' in found ? [[found.formerName, name] as const] : [])),
  );
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [names.get(name) ?? name, field]));
}
