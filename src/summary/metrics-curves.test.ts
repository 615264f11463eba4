import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { readCurves } from './metrics-curves.ts';

test('curves contain the points of each tag up to a step, and lines that are not JSON are skipped', () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'metrics.jsonl');
    const lines = [
      '{"step":0,"a":1,"b":null}',
      'null',
      '5',
      '{"step":"1","a":9}',
      '{"step":10,"b":2.5}',
      '{"step":20,"a":3}',
      '{"step":21,"a":4}',
      '{"step":2',
    ];
    writeFileSync(path, lines.join('\n'));
    const curves = await readCurves(path, ['a', 'b', 'c'], 20);
    assert.deepEqual(Object.fromEntries(curves), {
      a: [
        { step: 0, value: 1 },
        { step: 20, value: 3 },
      ],
      b: [{ step: 10, value: 2.5 }],
      c: [],
    });
  }));

test('a missing file has no points, and something other than a file is refused', () =>
  inTemporaryFolder(async (folder) => {
    assert.deepEqual([...(await readCurves(join(folder, 'none'), ['a'], 1))], [['a', []]]);
    mkdirSync(join(folder, 'metrics.jsonl'));
    await assert.rejects(readCurves(join(folder, 'metrics.jsonl'), ['a'], 1));
  }));
