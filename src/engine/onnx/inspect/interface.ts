/** What an ONNX file says about how to use it: the types of its inputs and outputs, and its metadata. */
import { dtypeNames, dtypes } from '../../../tensor/dtype.ts';
import { decodeModel, type ValueInfo } from './summarize.ts';

/** An input or an output. */
export interface OnnxValueType {
  /** The name of the element type, such as `float32`, or `type 9` for one that this program does not use. */
  readonly dtype: string;
  /** The sizes of the axes. Any other value than a number is the name of a size that the file leaves open. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxInterface {
  readonly inputs: ReadonlyMap<string, OnnxValueType>;
  readonly outputs: ReadonlyMap<string, OnnxValueType>;
  /** The texts of `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** @throws RunError when the bytes are not an ONNX model */
export function onnxInterface(file: string, bytes: Uint8Array): OnnxInterface {
  const { graph, metadata_props = [] } = decodeModel(file, bytes);
  return {
    inputs: typesOf(graph?.input),
    outputs: typesOf(graph?.output),
    metadata: new Map(metadata_props.map(({ key = '', value = '' }) => [key, value])),
  };
}

function typesOf(values: readonly ValueInfo[] = []): ReadonlyMap<string, OnnxValueType> {
  return new Map(values.map(({ name = '', type }) => [name, typeOf(type?.tensor_type)]));
}

type TensorTypeFields = NonNullable<NonNullable<ValueInfo['type']>['tensor_type']>;

function typeOf({ elem_type = 0, shape }: TensorTypeFields = {}): OnnxValueType {
  const dtype = dtypeNames.find((name) => dtypes[name].onnx === elem_type) ?? `type ${elem_type}`;
  const dims = shape?.dim ?? [];
  return {
    dtype,
    shape: dims.map(({ dim_value, dim_param = '?' }) =>
      typeof dim_value === 'number' && dim_value > 0 ? dim_value : dim_param,
    ),
  };
}
