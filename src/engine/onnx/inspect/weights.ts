/** The constants of an ONNX file that can be weights. */
import { RunError } from '../../../errors.ts';
import { dtypes } from '../../../tensor/dtype.ts';
import { type Float32Tensor, float32, sizeOf } from '../../../tensor/tensor.ts';
import { counted, oneLine } from '../../../wording.ts';
import type { InitializerFields } from './initializers.ts';
import { decodeModel } from './summarize.ts';

export interface OnnxWeights {
  /** The float32 constants with at least one axis that are in the file itself, by name. */
  readonly tensors: ReadonlyMap<string, Float32Tensor>;
  /** The texts of `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** @throws RunError when the bytes are not an ONNX model, or a constant has another size than its shape says */
export function onnxWeights(file: string, bytes: Uint8Array): OnnxWeights {
  const { graph, metadata_props = [] } = decodeModel(file, bytes);
  const found = (graph?.initializer ?? []).filter(({ data_type }) => data_type === dtypes.float32.onnx);
  return {
    tensors: new Map(found.flatMap((tensor) => entryOf(file, tensor))),
    metadata: new Map(metadata_props.map(({ key = '', value = '' }) => [key, value])),
  };
}

function entryOf(file: string, tensor: InitializerFields): readonly (readonly [string, Float32Tensor])[] {
  const { name = '', dims = [], raw_data, float_data } = tensor;
  const values = raw_data === undefined ? float_data : floatsOf(raw_data);
  if (dims.length === 0 || values === undefined) return [];
  if (values.length !== sizeOf(dims))
    throw new RunError(
      `${file}: ${oneLine(name)} has ${counted(values.length, 'value')}, expected ${sizeOf(dims)} for [${dims.join(', ')}]; ` +
        'the file is damaged',
    );
  return [[name, float32(dims, Float32Array.from(values))]];
}

/** Reads little-endian floats. The bytes may begin at any position of their buffer. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) =>
    view.getFloat32(4 * index, true),
  );
}
