import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type CallKind, primitiveKinds } from '../../ops/primitive-kinds.ts';
import { engineCase } from '../../testing/engines.ts';
import type { Support } from '../engine.ts';
import { offers } from '../offers.ts';
import { programOf } from './compile.ts';
import { probeGraph } from './probe-graph.ts';
import { onednnSupport } from './support.ts';

const { skip } = engineCase('onednn');

test('the probe graph uses every kind of primitive, in every precision', () => {
  const all: readonly CallKind[] = [...(Object.keys(primitiveKinds) as CallKind[]), 'copy'];
  for (const precision of offers.onednn.cpu) {
    const kinds = new Set(programOf(probeGraph(), precision).calls.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), all.toSorted(), precision);
  }
});

test('the library is probed only once, and later calls return the same object', () => {
  assert.equal(onednnSupport('bfloat16'), onednnSupport('bfloat16'));
});

describe('oneDNN on a CPU without bfloat16', { skip }, () => {
  const support = (isa: string): readonly Support[] => {
    const script = `import(${JSON.stringify(new URL('./support.js', import.meta.url).href)}).then(({ onednnSupport }) =>
      console.log(JSON.stringify(['float32', 'bfloat16'].map(onednnSupport))));`;
    const env = { ...process.env, ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa };
    return JSON.parse(spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout);
  };

  test('computes in float32 with AVX2, and says why it cannot compute in bfloat16', () => {
    const [exact, rounded] = support('AVX2');
    assert.deepEqual(exact, { verdict: 'fast' });
    assert.equal(rounded?.verdict, 'impossible');
    assert.match(JSON.stringify(rounded), /no bfloat16 instructions.*oneDNN \d+\.\d+\.\d+ does not emulate/);
  });

  test('emulates bfloat16 with AVX-512', () => {
    const [exact, rounded] = support('AVX512_CORE');
    assert.deepEqual(exact, { verdict: 'fast' });
    assert.ok(rounded?.verdict === 'emulated' || rounded?.verdict === 'impossible', JSON.stringify(rounded));
  });
});
