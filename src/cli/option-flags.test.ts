import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inFlags } from './option-flags.ts';

test('options in messages become flags, with values as a shell reads them', () => {
  for (const [message, printed] of [
    ['Use a smaller `batchSize` or fewer `readers`', 'Use a smaller --batch-size or fewer --readers'],
    ['`engine: onnx` needs nothing', '--engine onnx needs nothing'],
    ['give `dataDir: /home/me/my data`.', "give --data-dir '/home/me/my data'."],
    ['`batchSizes` and `x: 1` are no flags', '`batchSizes` and `x: 1` are no flags'],
    ['a file named ` and another `', 'a file named ` and another `'],
  ] as const)
    assert.equal(inFlags(message), printed);
});
