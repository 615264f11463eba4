import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelProto } from '../inspect/schema.ts';
import { encodeModel } from './model.ts';

test('protobufjs reads a model that we write', () => {
  const bytes = encodeModel({
    name: 'small',
    inputs: [{ name: 'x', dtype: 'float32', shape: [2, 300] }],
    outputs: [{ name: 'y', dtype: 'bool', shape: [] }],
    nodes: [
      {
        opType: 'Operator',
        inputs: ['x', 'constant'],
        outputs: ['y', 'z'],
        attributes: {
          whole: { int: -7 },
          real: { float: 0.5 },
          text: { string: 'SAME_é' },
          list: { ints: [1, -2, 2 ** 40] },
        },
      },
    ],
    initializers: new Map([
      ['constant', { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, -1n) }],
      ['empty', { dtype: 'float32', shape: [0], data: new Float32Array() }],
    ]),
  });
  const dimension = (size: number) => ({ dim_value: size });
  const type = (elementType: number, sizes: readonly number[]) => ({
    tensor_type: { elem_type: elementType, shape: { dim: sizes.map(dimension) } },
  });
  const found = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number, arrays: false, bytes: Array });
  assert.deepEqual(found, {
    ir_version: 10,
    producer_name: 'cifar10',
    opset_import: [{ version: 21 }],
    graph: {
      name: 'small',
      input: [{ name: 'x', type: type(1, [2, 300]) }],
      output: [{ name: 'y', type: { tensor_type: { elem_type: 9, shape: {} } } }],
      initializer: [
        {
          name: 'constant',
          dims: [2],
          data_type: 7,
          raw_data: [1, 0, 0, 0, 0, 0, 0, 0, ...Array(8).fill(255)],
        },
        { name: 'empty', dims: [0], data_type: 1 },
      ],
      node: [
        {
          name: 'y',
          op_type: 'Operator',
          input: ['x', 'constant'],
          output: ['y', 'z'],
          attribute: [
            { name: 'whole', i: -7, type: 2 },
            { name: 'real', f: 0.5, type: 1 },
            { name: 'text', s: [...new TextEncoder().encode('SAME_é')], type: 3 },
            { name: 'list', ints: [1, -2, 2 ** 40], type: 7 },
          ],
        },
      ],
    },
  });
});
