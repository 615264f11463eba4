import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoppedError } from '../errors.ts';
import { noiseExamples } from '../testing/examples.ts';
import { dataSheetPng } from './data-sheet.ts';
import { drawDataSheet } from './data-sheet-thread.ts';

const examples = noiseExamples(30);
const options = { augmentation: 'tutorial', imageShape: [3, 24, 24], seed: 0 } as const;

test('a sheet that is drawn in a thread is the same', async () => {
  assert.deepEqual(await drawDataSheet(examples, options, undefined), dataSheetPng(examples, options));
});

test('a stop ends the drawing', async () => {
  await assert.rejects(drawDataSheet(examples, options, AbortSignal.abort()), StoppedError);
  const stop = new AbortController();
  const drawn = drawDataSheet(examples, options, stop.signal);
  stop.abort();
  await assert.rejects(drawn, StoppedError);
});

test('a sheet that cannot be drawn is refused with the reason', async () => {
  const tooLarge = { ...options, imageShape: [3, 40, 40] } as const;
  await assert.rejects(drawDataSheet(examples, tooLarge, undefined), { name: 'RunError' });
});
