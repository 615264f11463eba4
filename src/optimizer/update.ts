/** Adds the parameter updates of a step to its graph: the rule of the optimizer, with the factors of each group of
 * parameters. */
import type { Value } from '../graph/graph.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import type { Apply } from '../ops/definition.ts';
import { scalar } from '../tensor/tensor.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

/** A parameter to update, with the settings of its groups. */
export interface TrainedParameter {
  readonly variable: Value;
  /** The gradient of the loss, averaged over the batch, in the shape of the parameter. */
  readonly gradient: Value;
  readonly optimizer: Optimizer;
  readonly options: OptimizerOptions;
  /** The factor by which the learning rate is multiplied; 1 for no change. */
  readonly learningRateFactor: number;
  /** Further factors of the learning rate, such as 0 after the last epoch in which the parameter is trained. */
  readonly rateScalars?: readonly Value[];
  /** The decoupled weight decay per unit of the learning rate; 0 for none. */
  readonly weightDecay: number;
}

/** Adds the updates of all parameters and of the slots of their optimizers.
 * @param learningRate a scalar that is passed in at every step
 * @param scalars the names of the scalars of all optimizers, which are passed in too
 * @param afterUpdate computes the new value of a variable from its value after the update
 * @returns the new values of the parameters, in the order of `trained` */
export function applyOptimizers(
  builder: GraphBuilder,
  learningRate: Value,
  scalars: readonly string[],
  trained: readonly TrainedParameter[],
  afterUpdate: (variable: Value, updated: Value) => Value = (_, updated) => updated,
): readonly Value[] {
  const { op } = builder;
  const constant = (value: number) => op('Constant', {}, { value: scalar(value) });
  const scaled = (rate: Value, factor: number) =>
    factor === 1 ? rate : op('Mul', { a: rate, b: constant(factor) });
  const fed = feeds(builder, scalars);
  return trained.map((parameter) => {
    const { variable, gradient, optimizer, options, learningRateFactor, weightDecay } = parameter;
    const { rateScalars = [] } = parameter;
    const slots = slotsOf(builder, variable, optimizer);
    const scope = `train/${variable.name}`;
    const step = builder.scope(scope, () => {
      const rate = rateScalars.reduce(
        (a, b) => op('Mul', { a, b }),
        scaled(learningRate, learningRateFactor),
      );
      const slot = (name: string) => named(slots, name, 'slot');
      const { from = variable, ...found } = optimizer.rule({
        ...{ op, variable, gradient, slot, fed, constant, options },
      });
      return { ...found, rate, from: decayed(op, from, weightDecay && scaled(rate, weightDecay)) };
    });
    const inputs = { variable: step.from, gradient: step.direction, learningRate: step.rate };
    const updated = afterUpdate(variable, op('ApplyGradientDescent', inputs, {}, scope));
    builder.update(variable, updated);
    for (const [name, slot] of slots)
      builder.update(slot, named(new Map(Object.entries(step.slots)), name, 'slot'));
    return updated;
  });
}

/** Returns variable − share · variable. */
function decayed(op: Apply, variable: Value, share: Value | 0): Value {
  if (share === 0) return variable;
  return op('Sub', { a: variable, b: op('Mul', { a: variable, b: share }) }, {}, 'decayed');
}

/** Adds the slots of a parameter, which are variables named `<parameter>/<slot>`, and returns them by the name of the slot. */
function slotsOf(
  builder: GraphBuilder,
  { name: parameter, dtype, shape }: Value,
  { slots }: Optimizer,
): ReadonlyMap<string, Value> {
  return new Map(
    slots.map((name) => [name, builder.variable(`${parameter}/${name}`, { dtype, shape }, 'slot')] as const),
  );
}

/** @throws TypeError when the rule of an optimizer uses a slot or scalar that the optimizer does not declare */
function named(values: ReadonlyMap<string, Value>, name: string, what: string): Value {
  const found = values.get(name);
  if (found === undefined) throw new TypeError(`the optimizer has no ${what} named ${name}`);
  return found;
}

/** Adds an input for each scalar, and returns a function that finds the inputs by name. */
function feeds(builder: GraphBuilder, scalars: readonly string[]): (name: string) => Value {
  const inputs = new Map(scalars.map((name) => [name, builder.input(name, { dtype: 'float32', shape: [] })]));
  return (name) => named(inputs, name, 'scalar');
}
