import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConsole } from './console.ts';
import { dataReporter } from './data-reporter.ts';
import { inFlags } from './option-flags.ts';
import { parseCommandLine } from './parse.ts';
import { TrainReporter } from './train-reporter.ts';

test('options in messages become flags, with values quoted for a shell', () => {
  for (const [message, printed] of [
    ['Use a smaller `batchSize` or fewer `readers`', 'Use a smaller --batch-size or fewer --readers'],
    ['`engine: onnx` needs nothing', '--engine onnx needs nothing'],
    ['give `dataDir: /home/me/my data`.', "give --data-dir '/home/me/my data'."],
    ['`batchSizes` and `x: 1` are no flags', '`batchSizes` and `x: 1` are no flags'],
    ['a file named ` and another `', 'a file named ` and another `'],
  ] as const)
    assert.equal(inFlags(message), printed);
});

test('messages about a folder that another process holds contain flags too', () => {
  const printed: string[] = [];
  const streams = { out: { write: (text: string) => printed.push(text) }, err: { write: () => undefined } };
  const message = 'process 1 is training there. Stop it, or use another `trainDir`';
  const request = parseCommandLine(['train']);
  assert.ok(request.command === 'train');
  const text = createConsole({ quiet: false, json: false }, streams);
  new TrainReporter(text, request.flags).report({ kind: 'locked', message });
  dataReporter(text, () => undefined)({ kind: 'waiting', text: message });
  dataReporter(
    createConsole({ quiet: false, json: true }, streams),
    () => undefined,
  )({
    kind: 'waiting',
    text: message,
  });
  assert.equal(printed.length, 3);
  for (const line of printed) assert.match(line, /another --train-dir/);
});
