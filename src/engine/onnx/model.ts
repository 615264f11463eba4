/** ONNX nodes → the bytes of a model file. */
import type { OnnxAttribute } from '../../ops/definition.ts';
import type { DType, Tensor } from '../../tensor/tensor.ts';
import { bytesOf, type NamedType, type OnnxGraph } from './lower.ts';
import { ModelProto } from './schema.ts';

/** Version of the ONNX operator set that the lowering rules are written against. */
export const opset = 21;
/** Version of the file format that came with it. */
const irVersion = 10;

/** TensorProto.DataType of the ONNX project's `onnx.proto`. */
const dataTypes: { readonly [D in DType]: number } = { float32: 1, int32: 6, int64: 7, bool: 9 };

export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = {
    ir_version: irVersion,
    producer_name: 'cifar10',
    opset_import: [{ domain: '', version: opset }],
    graph: {
      name: graph.name,
      node: graph.nodes.map(({ opType, inputs, outputs, attributes }) => ({
        name: outputs[0],
        op_type: opType,
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      })),
      initializer: [...graph.initializers].map(([name, tensor]) => tensorProto(name, tensor)),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  };
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

function attributeProto(name: string, value: OnnxAttribute): object {
  if ('int' in value) return { name, type: 'INT', i: value.int };
  if ('float' in value) return { name, type: 'FLOAT', f: value.float };
  if ('ints' in value) return { name, type: 'INTS', ints: value.ints };
  return { name, type: 'STRING', s: new TextEncoder().encode(value.string) };
}

function tensorProto(name: string, tensor: Tensor): object {
  return { name, dims: tensor.shape, data_type: dataTypes[tensor.dtype], raw_data: bytesOf(tensor) };
}

function valueInfo({ name, dtype, shape }: NamedType): object {
  const dim = shape.map((size) => ({ dim_value: size }));
  return { name, type: { tensor_type: { elem_type: dataTypes[dtype], shape: { dim } } } };
}
