import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SummaryValue } from './event.ts';
import { experimentValue, sessionEndValue, sessionStartValue } from './hparams.ts';

/** What `HParamsPluginData(…).SerializeToString().hex()` of the Python package tensorboard 2.21 returns for the same content. */
const published: readonly { what: string; value: SummaryValue; hexadecimal: string }[] = [
  {
    what: 'experiment',
    value: experimentValue({
      description: 'd',
      hyperparameters: { batch_size: 128, engine: 'onnx', fp16: false },
      metrics: [
        {
          ...{ tag: 'Precision @ 1', folder: 'eval', displayName: 'precision' },
          description: 'of the test set',
        },
      ],
      created: 1.5,
    }),
    hexadecimal:
      '12670a016419000000000000f83f220e0a0a62617463685f73697a652003220a0a06656e67696e65200122080a046670313620022a330a15' +
      '0a046576616c120d507265636973696f6e204020311a09707265636973696f6e220f6f6620746865207465737420736574',
  },
  {
    what: 'session_start_info',
    value: sessionStartValue({ batch_size: 128 }, 2.5),
    hexadecimal: '1a220a170a0a62617463685f73697a651209110000000000006040290000000000000440',
  },
  {
    what: 'session_end_info',
    value: sessionEndValue('success', 3.5),
    hexadecimal: '220b0801110000000000000c40',
  },
];

for (const { what, value, hexadecimal } of published) {
  test(`${what} is encoded as in the Python package of TensorBoard`, () => {
    assert.equal(value.tag, `_hparams_/${what}`);
    assert.ok(value.kind === 'plugin' && value.plugin === 'hparams');
    assert.equal(Buffer.from(value.content).toString('hex'), hexadecimal);
  });
}

test('strings and booleans are distinguished from numbers', () => {
  const value = sessionStartValue({ a: 'x', b: true, c: 0 }, 1);
  assert.ok(value.kind === 'plugin');
  // A map is field 1 with a key (field 1) and a Value (field 2), in which a string is field 3, a boolean 4, and a number 2.
  assert.equal(
    Buffer.from(value.content).toString('hex'),
    '1a2c0a080a016112031a01780a070a016212022001' + '0a0e0a0163120911000000000000000029000000000000f03f',
  );
});
