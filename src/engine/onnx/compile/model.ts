/**
 * ONNX nodes → the bytes of a model file. The field numbers are those of `onnx/onnx.proto` of the ONNX project (IR version
 * 10); inspect/schema.ts contains those for reading. The encoder is written by hand because that of protobufjs compiles
 * functions at run time, which the Content-Security-Policy of a page may forbid.
 */
import protobuf from 'protobufjs/minimal.js';
import type { OnnxAttribute, OnnxNode } from '../../../ops/definition.ts';
import { dtypes } from '../../../tensor/dtype.ts';
import { bytesOf, type Tensor } from '../../../tensor/tensor.ts';
import type { NamedType, OnnxGraph } from './lower.ts';

/** The version of the ONNX operator set that the lowering rules use. */
export const opset = 21;
/** The version of the file format that belongs to this version of the operator set. */
const irVersion = 10;

/** How the value of a field is encoded (protobuf, "Encoding", message structure). */
const wireType = { varint: 0, bytes: 2, fixed32: 5 } as const;

/** The numbers of the types in AttributeProto.AttributeType. */
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** Writes one message, field by field in the order of the field numbers. */
class Message {
  readonly #writer: protobuf.Writer = protobuf.Writer.create();

  int(field: number, value: number): this {
    this.#tag(field, wireType.varint).int64(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, wireType.fixed32).float(value);
    return this;
  }

  text(field: number, value: string): this {
    this.#tag(field, wireType.bytes).string(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, wireType.bytes).bytes(value);
    return this;
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  each<T>(field: number, values: readonly T[], encode: (value: T) => Message): this {
    for (const value of values) this.message(field, encode(value));
    return this;
  }

  /** Writes packed integers. */
  ints(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    const list = this.#tag(field, wireType.bytes).fork();
    for (const value of values) list.int64(value);
    list.ldelim();
    return this;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }

  #tag(field: number, type: number): protobuf.Writer {
    return this.#writer.uint32((field << 3) | type);
  }
}

export function encodeModel(graph: OnnxGraph): Uint8Array {
  const operatorSet = new Message().text(1, '').int(2, opset);
  return new Message()
    .int(1, irVersion)
    .text(2, 'cifar10')
    .message(7, graphProto(graph))
    .message(8, operatorSet)
    .finish();
}

function graphProto({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Message {
  return new Message()
    .each(1, nodes, nodeProto)
    .text(2, name)
    .each(5, [...initializers], ([path, tensor]) => tensorProto(path, tensor))
    .each(11, inputs, valueInfo)
    .each(12, outputs, valueInfo);
}

function nodeProto({ opType, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  return message
    .text(3, outputs[0] ?? '')
    .text(4, opType)
    .each(5, Object.entries(attributes), ([name, value]) => attributeProto(name, value));
}

function attributeProto(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if ('float' in value) return message.float(2, value.float).int(20, attributeType.float);
  if ('int' in value) return message.int(3, value.int).int(20, attributeType.int);
  if ('ints' in value) return message.ints(8, value.ints).int(20, attributeType.ints);
  return message.bytes(4, new TextEncoder().encode(value.string)).int(20, attributeType.string);
}

function tensorProto(name: string, tensor: Tensor): Message {
  return new Message()
    .ints(1, tensor.shape)
    .int(2, dtypes[tensor.dtype].onnx)
    .text(8, name)
    .bytes(9, bytesOf(tensor));
}

function valueInfo({ name, dtype, shape }: NamedType): Message {
  const dimensions = new Message().each(1, shape, (size) => new Message().int(1, size));
  const tensorType = new Message().int(1, dtypes[dtype].onnx).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}
