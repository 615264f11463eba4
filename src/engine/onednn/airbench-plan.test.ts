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

const { skip } = engineCase('onednn');
const batchSize = 32;

/** The most reorders of a step in float32. A filter has two: its gradients read it, and write it, in other layouts. Muon reorders
 * the gradient of each filter to a matrix, and its direction back. The other four are small. */
const mostReorders = { airbench: 6 * 2 + 4, 'airbench-muon': 6 * 4 + 4 } as const;

for (const name of ['airbench', 'airbench-muon'] as const)
  for (const width of [0.25, 0.5, 1])
    test(`a step of ${name} with width ${width} runs no large primitive in reference code, and moves few tensors`, {
      skip,
    }, () => {
      for (const precision of plannedPrecisions) {
        const onednn = new Onednn(2);
        const plan = planOf(onednn, programOf(graphOf(name, width), precision));
        onednn.release();
        const slow = plan.steps.filter(
          ({ implementation, small }) => /\bref\b/.test(implementation) && !small,
        );
        assert.deepEqual(
          slow.map(({ text, implementation }) => `${text} (${implementation})`),
          [],
        );
        if (precision !== 'float32') continue;
        const reorders = plan.steps.filter(({ moves, watched }) => moves && !watched);
        const found = reorders.map((reorder) => reorder.name);
        assert.ok(found.length <= mostReorders[name], `${found.length}: ${found.join()}`);
        assert.deepEqual(placeBuffers(plan).copied, []);
      }
    });

function graphOf(name: RecipeName, width: number) {
  const { hyperparameters, groups } = recipes[name];
  const network = makeNetwork('airbench', 10, { width });
  return buildTrainingGraph({ network, batchSize, hyperparameters, groups }).graph;
}
