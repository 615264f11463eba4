import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { type EvaluationKey, EvaluationLog } from './evaluation-log.ts';

const key: EvaluationKey = {
  checkpoint: 'runs/a/model.ckpt-5.safetensors',
  globalStep: 5,
  modified: 1_700_000_000_000.25,
  evalData: 'test',
  otherData: null,
  weights: 'ema',
  numExamples: 100,
  report: false,
};

test('a reopened log contains the evaluations that were added, and none that differs from them in any field', () =>
  inTemporaryFolder(async (folder) => {
    const dir = join(folder, 'eval');
    await (await EvaluationLog.open(dir)).add(key, { correct: 3, total: 4 });
    const log = await EvaluationLog.open(dir);
    assert.ok(log.has(key));
    assert.ok(
      log.has({ ...key, checkpoint: join(process.cwd(), key.checkpoint) }),
      'the same file by its full path',
    );
    const others: readonly Partial<EvaluationKey>[] = [
      { checkpoint: 'runs/b/model.ckpt-5.safetensors' },
      { globalStep: 6 },
      { modified: 1_700_000_000_000.5 },
      { evalData: 'validation' },
      { otherData: '/photos' },
      { weights: 'raw' },
      { numExamples: 101 },
      { report: true },
    ];
    for (const other of others) assert.ok(!log.has({ ...key, ...other }), JSON.stringify(other));
    const [line = ''] = readFileSync(log.file, 'utf8').split('\n');
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(rest, { ...key, correct: 3, total: 4 });
  }));

test('a line of an older version, which lacks the requested data, belongs to the data of the checkpoint', () =>
  inTemporaryFolder(async (folder) => {
    const { otherData: _, ...older } = key;
    writeFileSync(join(folder, 'evaluations.jsonl'), `${JSON.stringify(older)}\n`);
    const log = await EvaluationLog.open(folder);
    assert.ok(log.has(key));
    assert.ok(!log.has({ ...key, otherData: '/photos' }));
  }));

test('truncated lines, and lines of older versions, are skipped', () =>
  inTemporaryFolder(async (folder) => {
    const log = await EvaluationLog.open(folder);
    await log.add(key, {});
    appendFileSync(
      log.file,
      '{"checkpoint":"runs/a/model.ckpt-5.safetensors","globalStep":5}\n{"checkpoint":"ru',
    );
    assert.ok((await EvaluationLog.open(folder)).has(key));
  }));

test('a folder that is a file is refused', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    const dir = relative('.', join(folder, 'file'));
    await assert.rejects(
      EvaluationLog.open(dir),
      /file: cannot be written \(.* is a file\)\. Use another `evalDir`/,
    );
  }));
