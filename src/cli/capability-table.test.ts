import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capability } from '../doctor/capabilities.ts';
import { capabilityTable } from './capability-table.ts';

const ops = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
const row = { engine: 'onednn', device: 'cpu', imagesPerSecond: null, relativeSpeed: null } as const;
const rows: readonly Capability[] = [
  {
    ...{ ...row, precision: 'float32', verdict: 'fast', imagesPerSecond: 3123, relativeSpeed: 1 },
    kernels: [{ kernel: 'jit:avx512_core', ops }],
  },
  {
    ...{ ...row, precision: 'bfloat16', verdict: 'emulated', imagesPerSecond: 1234.5, relativeSpeed: 0.395 },
    kernels: [
      { kernel: 'jit_bf16:avx512_core_bf16', ops },
      { kernel: 'brg_matmul:avx10_1_512_amx', ops: ['MatMul'] },
    ],
  },
  { ...row, precision: 'float16', verdict: 'impossible', kernels: [] },
];

test('the table of the engines fits 80 columns, with the kernels below each row', () => {
  assert.equal(
    capabilityTable(rows, 80),
    `engine  precision     verdict  images/s  of float32
onednn    float32        fast     3,100       1.0 ×
  jit:avx512_core             Conv2D, Conv2DBackpropInput, Conv2DBackpropFilter
onednn   bfloat16    emulated     1,200      0.40 ×
  jit_bf16:avx512_core_bf16   Conv2D, Conv2DBackpropInput, Conv2DBackpropFilter
  brg_matmul:avx10_1_512_amx  MatMul
onednn    float16  impossible`,
  );
});

test('on a narrow terminal, long lists of operators continue on the next line', () => {
  const lines = capabilityTable(rows, 60).split('\n');
  assert.ok(
    lines.every((line) => line.length <= 60),
    lines.join('\n'),
  );
  assert.equal(lines[3], `${' '.repeat(30)}Conv2DBackpropFilter`);
});
