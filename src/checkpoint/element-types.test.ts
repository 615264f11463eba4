import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dtypeNames, dtypes } from '../tensor/dtype.ts';
import { bytesOf, tensorOver } from '../tensor/tensor.ts';
import { reference } from '../testing/reference.ts';
import { elementTypes, numbersIn } from './element-types.ts';

test('every dtype has a safetensors type of the same size, whose elements are read as the same numbers', () => {
  for (const dtype of dtypeNames) {
    const { safetensors, bytesPerElement } = dtypes[dtype];
    assert.equal(elementTypes.get(safetensors)?.bits, 8 * bytesPerElement, dtype);
    const bytes = Uint8Array.from({ length: 4 * bytesPerElement }, (_, index) =>
      index % bytesPerElement === 0 ? 1 : 0,
    );
    const tensor = tensorOver({ dtype, shape: [4] }, bytes.buffer);
    assert.deepEqual(
      [...(numbersIn(safetensors, bytesOf(tensor)) ?? [])],
      [...reference(tensor).data],
      dtype,
    );
  }
});
