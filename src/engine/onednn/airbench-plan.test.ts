/** What the steps of the recipes `airbench` and `airbench-muon` become: no slow code, and few copies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNetwork } from '../../model/networks.ts';
import { type RecipeName, recipes } from '../../recipe/recipes.ts';
import { engineCase, plannedPrecisions } from '../../testing/engines.ts';
import { buildTrainingGraph } from '../../training/training-graph.ts';
import { planOf, programOf } from './compile.ts';
import { Onednn } from './native/onednn.ts';
import { placeBuffers } from './placement.ts';
import { sideBySideRule } from './side-by-side.ts';
import { isMatrixWork, isReference, startTrial } from './trial-step.ts';
import { neverWinograd, winogradRule } from './winograd-rule.ts';

const { skip } = engineCase('onednn');
const batchSize = 32;

/** The reorders of a step in float32, for a direct convolution: gradients of its filter read it, and write it, in other layouts. Muon
 * reorders the gradient of a filter to a matrix, and its direction back. */
const perDirect = { airbench: 2, 'airbench-muon': 4 } as const;
/** The same for one by Winograd's algorithm: of x, dy and the filter, and of y, dx and the gradient of the filter. */
const perWinograd = 6;
/** Reorders of other tensors, which are small. */
const others = 4;
/** The convolutions of the groups. */
const convolutions = 6;

/** The precisions for which oneDNN has more than reference code here. With oneDNN 3.2, float16 has such code for gradients of filters. */
const planned = plannedPrecisions.filter((precision) => {
  const trial = startTrial(precision);
  const slow = trial.kernels.filter(({ op, kernel }) => isMatrixWork(op) && isReference(kernel));
  trial.close();
  return precision === 'float32' || slow.length === 0;
});

/** The gradients of filters that are computed from images side by side in bfloat16 on CPUs with AMX: those on maps of 8×8 and 4×4. */
const onSmallMaps = 3;

/** The rules of CPUs, with the number of convolutions for which they choose Winograd's algorithm, by the width of the network. */
const rules = [
  { cpu: 'other CPUs', winograd: neverWinograd, sideBySide: undefined, chosen: { 0.25: 0, 0.5: 0, 1: 0 } },
  { cpu: 'AVX2', winograd: winogradRule('avx2'), sideBySide: undefined, chosen: { 0.25: 3, 0.5: 5, 1: 6 } },
  {
    cpu: 'AMX',
    winograd: winogradRule('avx512_core_amx'),
    sideBySide: sideBySideRule('bfloat16', 'avx512_core_amx'),
    chosen: { 0.25: 3, 0.5: 3, 1: 5 },
  },
] as const;

for (const { cpu, winograd, sideBySide, chosen } of rules)
  for (const name of ['airbench', 'airbench-muon'] as const)
    for (const width of [0.25, 0.5, 1] as const)
      test(`on ${cpu}, a step of ${name} with width ${width} runs no large primitive in reference code, and moves few tensors`, {
        skip,
      }, () => {
        for (const precision of planned) {
          const onednn = new Onednn(2);
          const program = programOf(graphOf(name, width), precision, {
            winograd,
            sideBySide: precision === 'bfloat16' ? sideBySide : undefined,
          });
          const plan = planOf(onednn, program);
          onednn.release();
          const slow = plan.steps.filter(
            ({ implementation, small }) => /\bref\b/.test(implementation) && !small,
          );
          assert.deepEqual(
            slow.map(({ text, implementation }) => `${text} (${implementation})`),
            [],
          );
          if (precision !== 'float32') continue;
          const direct = program.calls.filter(({ kind }) => kind === 'convolution_forward').length - 1;
          assert.equal(
            direct,
            convolutions - chosen[width],
            'direct convolutions, without that of the whitening layer',
          );
          const reorders = plan.steps.filter(({ moves, watched }) => moves && !watched);
          const found = reorders.map((reorder) => reorder.name);
          const most = perWinograd * chosen[width] + perDirect[name] * direct + others;
          assert.ok(found.length <= most, `${found.length}: ${found.join()}`);
          assert.deepEqual(placeBuffers(plan).copied, []);
        }
      });

for (const width of [0.25, 0.5, 1])
  test(`on AMX, gradients of filters on small maps are computed from images side by side, with width ${width}`, () => {
    const rule = sideBySideRule('bfloat16', 'avx512_core_amx');
    const { calls } = programOf(graphOf('airbench', width), 'bfloat16', { sideBySide: rule });
    const wide = calls.filter(
      ({ kind, reads }) => kind === 'convolution_backward_weights' && reads.src?.dims[0] === 1,
    );
    assert.equal(wide.length, onSmallMaps);
  });

function graphOf(name: RecipeName, width: number) {
  const { hyperparameters, groups } = recipes[name];
  const network = makeNetwork('airbench', 10, { width });
  return buildTrainingGraph({ network, batchSize, hyperparameters, groups }).graph;
}
