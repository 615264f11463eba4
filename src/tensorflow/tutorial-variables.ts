/**
 * The variables of the tutorial's network as TensorFlow r0.11's `cifar10_train` stores them. The names are the same as ours, but
 * the layouts differ: filters are [rows, columns, input channels, output channels], and `local3` takes pixels with their channels
 * together ([H, W, C]), while ours takes channels with their pixels together ([C, H, W]).
 *
 * The step is the variable `Variable`, an int32, because the tutorial created it without a name. Later versions of the tutorial
 * named it `global_step`, an int64. Bundles contain both.
 */
import { RunError } from '../errors.ts';
import { permuted } from '../tensor/permuted.ts';
import { type Float32Tensor, float32, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';

/** The name of the step in the tutorial, and in its later versions. */
const stepNames = ['Variable', 'global_step'] as const;

/** The variable that multiplies the flattened images, and one with an element for each of their channels. */
const [flattenedName, channelsName] = ['local3/weights', 'conv2/biases'];

type Tensors = ReadonlyMap<string, Float32Tensor>;

export interface StoredVariables {
  readonly globalStep: number;
  readonly tensors: Tensors;
}

/** Converts variables of a checkpoint to those of the tutorial. */
export function toTutorial({ globalStep, tensors }: StoredVariables): ReadonlyMap<string, Tensor> {
  const channels = channelsOf(tensors);
  const converted = [...tensors].map(([name, tensor]): [string, Tensor] => {
    const { shape } = tensor;
    if (shape.length === 4) return [name, permuted(tensor, [2, 3, 1, 0])];
    if (channels === undefined || !isFlattened(name)) return [name, tensor];
    const { split } = flattenedShapes(tensor, channels);
    return [name, float32(shape, permuted({ ...tensor, shape: split }, [1, 2, 0, 3]).data)];
  });
  return new Map<string, Tensor>([
    ...converted,
    ['Variable', { dtype: 'int32', shape: [], data: Int32Array.of(globalStep) }],
    ['global_step', { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(globalStep)) }],
  ]);
}

/** Converts variables of the tutorial to those of a checkpoint. Tensors of other types than float32 are omitted, except for the step.
 * @throws RunError when there is no step */
export function fromTutorial(stored: ReadonlyMap<string, Tensor>): StoredVariables {
  const tensors = new Map(
    [...stored].flatMap(([name, tensor]) => (tensor.dtype === 'float32' ? [[name, tensor] as const] : [])),
  );
  const channels = channelsOf(tensors);
  const converted = [...tensors].map(([name, tensor]): [string, Float32Tensor] => {
    const { shape } = tensor;
    if (shape.length === 4) return [name, permuted(tensor, [3, 2, 0, 1])];
    if (channels === undefined || !isFlattened(name)) return [name, tensor];
    const { joined } = flattenedShapes(tensor, channels);
    return [name, float32(shape, permuted({ ...tensor, shape: joined }, [2, 0, 1, 3]).data)];
  });
  return { globalStep: stepIn(stored), tensors: new Map(converted) };
}

function stepIn(stored: ReadonlyMap<string, Tensor>): number {
  for (const name of stepNames) {
    const step = stored.get(name);
    if (step !== undefined && sizeOf(step.shape) === 1) return Number(step.data[0]);
  }
  throw new RunError(`the checkpoint has no step; expected a number named ${stepNames.join(' or ')}`);
}

function channelsOf(tensors: Tensors): number | undefined {
  return tensors.get(channelsName)?.shape[0];
}

/** Whether a tensor is the variable after the flattening, or an average or a slot of it. */
function isFlattened(name: string): boolean {
  return name === flattenedName || name.startsWith(`${flattenedName}/`);
}

/** Returns the shapes of the weights [C · H · W, units] with separate axes: [C, H, W, units] and [H, W, C, units].
 * @throws RunError when the rows do not belong to square images */
function flattenedShapes(
  { shape: [rows = 0, units = 0] }: Float32Tensor,
  channels: number,
): { readonly split: Shape; readonly joined: Shape } {
  const side = Math.sqrt(rows / channels);
  if (!Number.isInteger(side))
    throw new RunError(
      `${flattenedName} has ${rows} rows, which are not those of square images with ${channels} channels`,
    );
  return { split: [channels, side, side, units], joined: [side, side, channels, units] };
}
