import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrationExamples, loadCalibrationFixture } from '../testing/fixtures.ts';
import { Calibration, expectedCalibrationError, meanConfidence } from './calibration.ts';
import { inTop1, inTopK } from './in-top-k.ts';
import { predictionFor } from './worst-mistakes.ts';

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);

test('bins, expected calibration error and precision @ k are those that numpy computes', () => {
  const expected = loadCalibrationFixture();
  const calibration = new Calibration();
  const inTop = [0, 0, 0, 0];
  for (const [example, { logits, label }] of calibrationExamples().entries()) {
    const correct = inTop1(logits, 4, 0, label);
    calibration.add(predictionFor({ example, label, logits, correct }).probability, correct);
    for (const [index] of inTop.entries())
      if (inTopK(logits, label, index + 1)) inTop[index] = (inTop[index] ?? 0) + 1;
  }
  const { bins } = calibration;
  assert.deepEqual(
    bins.map(({ count, correct }) => ({ count, correct })),
    expected.bins,
  );
  assert.deepEqual(inTop, expected.inTopK);
  close(expectedCalibrationError(bins), expected.expectedCalibrationError);
  close(meanConfidence(bins), expected.meanConfidence);
});

test('a confidence at the edge of two bins belongs to the lower one, and those of 0 and 1 to the outer bins', () => {
  const calibration = new Calibration();
  const edges = Array.from({ length: 16 }, (_, edge) => edge / 15);
  for (const edge of edges) calibration.add(edge, true);
  assert.deepEqual(
    calibration.bins.map(({ count }) => count),
    [2, ...new Array<number>(14).fill(1)],
  );
  for (const { low, high, confidence } of calibration.bins.slice(1))
    assert.ok(confidence > low && confidence <= high);
});

test('without predictions the error is not a number', () => {
  assert.ok(Number.isNaN(expectedCalibrationError(new Calibration().bins)));
  assert.ok(Number.isNaN(meanConfidence(new Calibration().bins)));
});

test('an example with a score that is not finite is not among the top k', () => {
  assert.ok(!inTopK(Float32Array.of(1, Number.NaN, 0), 0, 3));
  assert.ok(!inTopK(Float32Array.of(1, Number.POSITIVE_INFINITY, 0), 0, 3));
  assert.ok(inTopK(Float32Array.of(1, 1, 1, 2), 2, 2), 'ties count as correct');
});
