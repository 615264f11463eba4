/**
 * ONNX nodes → the bytes of a model file. The field numbers are those of `onnx/onnx.proto` of the ONNX project (IR version
 * 10); inspect/schema.ts contains those for reading. The encoder is written by hand because that of protobufjs compiles
 * functions at run time, which the Content-Security-Policy of a page may forbid.
 */
import protobuf from 'protobufjs/minimal.js';
import type { OnnxAttribute, OnnxNode } from '../../../ops/definition.ts';
import { dtypes } from '../../../tensor/dtype.ts';
import { bytesOf, type Tensor } from '../../../tensor/tensor.ts';
import type { OnnxGraph, OnnxValue } from './lower.ts';

/** A version of the ONNX operator set, and the version of the file format that belongs to it. */
interface OnnxVersion {
  readonly opset: number;
  readonly ir: number;
}

/** The version for the engine's own models. */
const ownVersion: OnnxVersion = { opset: 21, ir: 10 };
/** The oldest version whose operators the lowering rules of inference use, so that old runtimes can load the file: since opset
 * 18, ReduceMean takes its axes as an input. ONNX Runtime has it since 1.14, of February 2023. */
export const portableVersion: OnnxVersion = { opset: 18, ir: 8 };

/** What a model file contains besides its graph. */
export interface ModelOptions {
  readonly version?: OnnxVersion;
  /** The version of the program that made the file. */
  readonly producerVersion?: string;
  /** `metadata_props`: texts by key. */
  readonly metadata?: ReadonlyMap<string, string>;
}

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

export function encodeModel(graph: OnnxGraph, options: ModelOptions = {}): Uint8Array {
  const { version = ownVersion, producerVersion, metadata = new Map() } = options;
  const operatorSet = new Message().text(1, '').int(2, version.opset);
  const message = new Message().int(1, version.ir).text(2, 'cifar10');
  if (producerVersion !== undefined) message.text(3, producerVersion);
  return message
    .message(7, graphProto(graph))
    .message(8, operatorSet)
    .each(14, [...metadata], ([key, value]) => new Message().text(1, key).text(2, value))
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

function valueInfo({ name, dtype, shape }: OnnxValue): Message {
  const dimensions = new Message().each(1, shape, (size) =>
    typeof size === 'number' ? new Message().int(1, size) : new Message().text(2, size),
  );
  const tensorType = new Message().int(1, dtypes[dtype].onnx).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}
