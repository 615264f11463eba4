/** Infers the output types of calls. */
import { GraphError, messageOf } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { AttributesOf, OpName, PerInput, PerOutput } from '../graph/signature.ts';
import { describeType, type TensorType } from '../tensor/tensor.ts';
import { definitions } from './table.ts';

/** Infers the output types of one call.
 * @throws GraphError with the operator, the path of the node, what is wrong, and the types of all inputs */
export function inferTypes<N extends OpName>(
  op: N,
  path: string,
  inputs: PerInput<N, Value>,
  attributes: AttributesOf<N>,
): PerOutput<N, TensorType> {
  try {
    return definitions[op].infer(inputs, attributes);
  } catch (error) {
    const given = Object.entries<Value>(inputs).map(([name, value]) => `${name} ${describeType(value)}`);
    throw new GraphError(`${op} "${path}": ${messageOf(error)} (inputs: ${given.join('; ')})`);
  }
}
