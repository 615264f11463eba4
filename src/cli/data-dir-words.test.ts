import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scoringWords } from './data-dir-words.ts';

test('suggested evaluations score the same weights, on the same images, in the same way', () => {
  const usual = { evalData: 'test', weights: 'ema', numExamples: 10_000, tta: 'none' } as const;
  assert.equal(scoringWords(usual), '');
  assert.equal(
    scoringWords({ evalData: 'train_eval', weights: 'raw', numExamples: 500, tta: 'full' }),
    ' --eval-data train_eval --weights raw --num-examples 500 --tta full',
  );
});
