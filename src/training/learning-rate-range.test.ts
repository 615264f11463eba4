import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RandomStream } from '../tensor/random.ts';
import { proposeRate, RangeTest, rangeDefaults, rangeRates } from './learning-rate-range.ts';

const { minimum, maximum, steps } = rangeDefaults;
const rates = rangeRates(minimum, maximum, steps);

/** Makes a range test of a run whose loss depends on the rate. */
function testOf(lossAt: (rate: number, step: number) => number): RangeTest {
  const found = new RangeTest();
  for (const [step, rate] of rates.entries()) {
    if (found.hasDiverged || found.add(rate, lossAt(rate, step)) === undefined) break;
  }
  return found;
}

test('the rates grow by a constant factor from the first to the last', () => {
  assert.equal(rates.length, 100);
  assert.equal(rates[0], 1e-7);
  assert.ok(Math.abs((rates[99] ?? 0) - 10) < 1e-9);
  const factors = rates.slice(1).map((rate, index) => rate / (rates[index] ?? 0));
  assert.ok(Math.max(...factors) / Math.min(...factors) < 1 + 1e-9);
});

test('the loss is smoothed without bias, and the test ends when it is four times its minimum or not finite', () => {
  assert.ok(testOf(() => 3).points.every(({ smoothedLoss }) => Math.abs(smoothedLoss - 3) < 1e-12));
  const diverging = testOf((rate) => (rate < 1 ? 2 : 1000)).points;
  assert.equal(diverging.filter(({ learningRate }) => learningRate >= 1).length, 1);
  assert.equal(testOf((_, step) => (step < 30 ? 2 : Number.NaN)).points.length, 30);
});

describe('the proposed rate', () => {
  test('is a tenth of the rate with the lowest smoothed loss', () => {
    const valley = (rate: number) => 4 + Math.min(2, Math.abs(Math.log10(rate / 0.1)));
    const { points } = testOf(valley);
    const least = points.reduce((best, point) => (point.smoothedLoss < best.smoothedLoss ? point : best));
    assert.ok(least.learningRate > 0.1 && least.learningRate < 1); // not exact, because the smoothed loss lags behind
    assert.equal(proposeRate(points), Number((least.learningRate / 10).toPrecision(2)));
  });
  test('is undefined if the loss never falls, falls by less than its noise, or diverges immediately', () => {
    const stream = new RandomStream(0, 'test', 0, 0);
    const noise = () => 0.2 * stream.uniform();
    assert.equal(proposeRate(testOf(() => 2).points), undefined);
    assert.equal(proposeRate(testOf((_, step) => 2 + step / 100).points), undefined);
    assert.equal(proposeRate(testOf(() => 2 + noise()).points), undefined);
    assert.equal(proposeRate(testOf(() => Number.NaN).points), undefined);
    assert.equal(proposeRate([]), undefined);
  });
});
