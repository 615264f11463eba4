import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type CallKind, primitiveKinds } from '../../ops/primitive-kinds.ts';
import { engineCase } from '../../testing/engines.ts';
import type { Support } from '../engine.ts';
import { offers } from '../offers.ts';
import { programOf } from './compile.ts';
import { type Gaps, noGaps } from './gaps.ts';
import { probeGraph } from './probe-graph.ts';
import { onednnSupport, usesOtherInstructions } from './support.ts';

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

/** A processor, simulated by limiting oneDNN, and what oneDNN does in bfloat16 there. */
const processors = [
  { isa: 'AVX2', uses: /^AVX2 \(avx2\)$/, bfloat16: ['impossible'] },
  { isa: 'AVX512_CORE', uses: /^AVX-512 \(avx512_core\)$/, bfloat16: ['emulated', 'impossible'] },
  { isa: 'AVX512_CORE_BF16', uses: /^AVX-512 with bfloat16 \(avx512_core_bf16\)$/, bfloat16: ['fast'] },
] as const;

describe('oneDNN decides by its kernels', {
  skip: skip || (process.arch === 'x64' ? false : 'not x86'),
}, () => {
  for (const { isa, uses, bfloat16 } of processors) {
    test(`on a processor with ${isa}`, (context) => {
      const found = probeOn(isa);
      if (!uses.test(found.uses)) return context.skip(`this CPU has no ${isa}: ${found.uses}`);
      const [exact, brain, half] = found.support;
      assert.deepEqual(exact, { verdict: 'fast' });
      assert.ok(
        (bfloat16 as readonly (string | undefined)[]).includes(brain?.verdict),
        JSON.stringify(brain),
      );
      // None of these processors computes in float16.
      assert.equal(half?.verdict, 'impossible');
      assert.match(JSON.stringify(half), /no float16 instructions that oneDNN .*it uses AVX.*float16 needs/);
      if (brain?.verdict === 'emulated')
        assert.match(
          brain.why,
          /no fast bfloat16 instructions, .* have 0\.\d\d × the speed \(jit_bf16:avx512_core\)/,
        );
      if (brain?.verdict === 'impossible')
        assert.match(brain.why, /no bfloat16 instructions that oneDNN .* can train with \(it uses AVX/);
      assert.deepEqual(found.gaps, [noGaps, noGaps, noGaps]);
    });
  }
});

interface Found {
  readonly uses: string;
  readonly support: readonly Support[];
  readonly gaps: readonly Gaps[];
}

/** Probes oneDNN in a process of its own, limited to an instruction set. */
function probeOn(isa: string): Found {
  const file = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    const [{ onednnSupport, onednnGaps }, { instructionSet }] =
      await Promise.all([import(${file('./support.js')}), import(${file('./instruction-set.js')})]);
    const precisions = ${JSON.stringify(offers.onednn.cpu)};
    console.log(JSON.stringify({
      uses: instructionSet(), support: precisions.map(onednnSupport), gaps: precisions.map(onednnGaps),
    }));`;
  const env = { ...process.env, ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa };
  const options = { env, encoding: 'utf8' } as const;
  return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', script], options).stdout);
}

test('another instruction set in the names of all convolutions means that the CPU has instructions for the type', () => {
  const usual = ['jit:avx512_core', 'brgconv:avx512_core'];
  for (const reduced of [
    ['jit_bf16:avx512_core_bf16', 'jit_bf16:avx512_core_bf16'],
    ['brgconv:avx512_core_amx', 'brgconv_1x1:avx10_1_512_amx'],
    ['brg_conv_fwd:avx10_2_amx_2', 'brg_conv_fwd:avx10_2'],
    ['brgconv:avx512_core_fp16', 'jit:avx10_1_512_amx_fp16'],
  ])
    assert.equal(usesOtherInstructions(reduced, usual), true, reduced.join());
  for (const reduced of [
    ['jit_bf16:avx512_core', 'jit_bf16:avx512_core'],
    ['jit_bf16:avx512_core_bf16', 'jit_bf16:avx512_core'],
    ['gemm:jit:bf16', 'jit_bf16:avx512_core_bf16'],
    ['ref:any', 'ref:any'],
  ])
    assert.equal(usesOtherInstructions(reduced, usual), false, reduced.join());
  // On Arm the names are the same, or have no instruction set at all. Then the measurement decides.
  assert.equal(usesOtherInstructions(['brgconv:sve_256'], ['brgconv:sve_256']), false);
  assert.equal(usesOtherInstructions(['indirect_gemm:acl'], ['indirect_gemm:acl']), false);
});
