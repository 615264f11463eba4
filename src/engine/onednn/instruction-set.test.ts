import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armTitle, instructionSetOf, titleOf } from './instruction-set.ts';

test('the names of the library have titles, and unknown names are shown as they are', () => {
  assert.equal(titleOf('avx512_core_amx'), 'AVX-512 with AMX (avx512_core_amx)');
  assert.equal(titleOf('avx10_2_amx_2'), 'AVX10.2 with AMX (avx10_2_amx_2)');
  assert.equal(
    titleOf('avx10_1_512_amx_fp16'),
    'AVX10.1 or AVX-512 with AMX and AMX-FP16 (avx10_1_512_amx_fp16)',
  );
  assert.equal(titleOf('avx11'), 'avx11');
  assert.equal(titleOf('default'), `the instructions of ${process.arch}`);
});

test('Arm processors have titles by value', () => {
  assert.equal(armTitle(1), 'Arm Advanced SIMD');
  assert.equal(armTitle(7), 'Arm SVE, 256 bits');
  assert.equal(armTitle(0x27), 'Arm SVE, 512 bits');
  assert.equal(armTitle(0x1ff), 'Arm, 0x1ff');
});

test('the instruction set of a kernel is the last part of its name, unless that is something else', () => {
  assert.equal(instructionSetOf('jit_bf16:avx512_core_bf16'), 'avx512_core_bf16');
  assert.equal(instructionSetOf('brg_matmul:avx10_2_amx_2'), 'avx10_2_amx_2');
  assert.equal(instructionSetOf('brgconv:sve_256'), 'sve_256');
  for (const kernel of ['gemm:jit:bf16', 'ref:any', 'indirect_gemm:acl', 'x64:gemm:jit', ''])
    assert.equal(instructionSetOf(kernel), undefined, kernel);
});
