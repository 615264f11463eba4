/** Reads the float32 constants of an ONNX file in a page. The field numbers are those of `onnx/onnx.proto`. */
import protobuf from 'protobufjs/minimal.js';
import { messageOf, RunError } from '../errors.ts';
import { dtypes } from '../tensor/dtype.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';

/** ModelProto.graph, GraphProto.initializer, and the fields of TensorProto. */
const [graphField, initializerField] = [7, 5];
const tensorFields = { dims: 1, type: 2, name: 8, raw: 9 } as const;
/** The wire types of whole numbers, and of texts, bytes and messages (protobuf, "Encoding", message structure). */
const [varint, lengthDelimited] = [0, 2];

/** @throws RunError when the bytes are not an ONNX file */
export function onnxWeights(file: Uint8Array): ReadonlyMap<string, Float32Tensor> {
  try {
    const weights = new Map<string, Float32Tensor>();
    each(file, (field, wire, reader) => {
      if (field !== graphField || wire !== lengthDelimited) return false;
      each(reader.bytes(), (inner, innerWire, graph) => {
        if (inner !== initializerField || innerWire !== lengthDelimited) return false;
        addTensor(weights, graph.bytes());
        return true;
      });
      return true;
    });
    return weights;
  } catch (error) {
    throw new RunError(`not an ONNX file, or damaged (${messageOf(error)})`, { cause: error });
  }
}

function addTensor(weights: Map<string, Float32Tensor>, message: Uint8Array): void {
  const dims: number[] = [];
  let [type, name, raw] = [0, '', new Uint8Array(0)];
  each(message, (field, wire, reader) => {
    if (field === tensorFields.dims && wire === varint) dims.push(Number(reader.int64()));
    else if (field === tensorFields.dims && wire === lengthDelimited) {
      for (const end = reader.uint32() + reader.pos; reader.pos < end; ) dims.push(Number(reader.int64()));
    } else if (field === tensorFields.type && wire === varint) type = reader.int32();
    else if (field === tensorFields.name && wire === lengthDelimited) name = reader.string();
    else if (field === tensorFields.raw && wire === lengthDelimited) raw = new Uint8Array(reader.bytes());
    else return false;
    return true;
  });
  if (type !== dtypes.float32.onnx || raw.length !== 4 * sizeOf(dims)) return;
  weights.set(name, float32(dims, new Float32Array(raw.buffer)));
}

/** Calls a function with every field of a message. The function reads the value, or returns false so that it is skipped. */
function each(
  message: Uint8Array,
  visit: (field: number, wire: number, reader: protobuf.Reader) => boolean,
): void {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wire] = [tag >>> 3, tag & 7];
    if (!visit(field, wire, reader)) reader.skipType(wire);
  }
}
