import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { createOnnxEngine } from '../engine/onnx/onnx-engine.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { program } from '../testing/program.ts';
import { dataFindings, folderFinding } from './checks.ts';
import { overfitOneBatch } from './overfit.ts';

test('one batch is learnt by heart', async () => {
  const { first, last, precision } = await overfitOneBatch(createOnnxEngine(2));
  assert.ok(Math.abs(first - Math.log(10)) < 0.1, `it starts knowing nothing: ${first}`);
  assert.ok(last < 0.2 && precision === 1, `${last}, ${precision}`);
});

test('too few steps are told from enough', async () => {
  const { precision } = await overfitOneBatch(createOnnxEngine(2), 32, 3);
  assert.ok(precision < 1, `${precision}`);
});

test('a folder is told by whether files can be made there, and whether they fit', () =>
  inTemporaryFolder(async (folder) => {
    assert.equal((await folderFinding('data', join(folder, 'new', 'deep'), 1)).verdict, 'ok');
    assert.equal((await folderFinding('data', folder, 2 ** 60)).verdict, 'missing');
    writeFileSync(join(folder, 'file'), '');
    assert.equal((await folderFinding('data', join(folder, 'file', 'below'), 1)).verdict, 'missing');
  }));

test('each data set is whole, damaged or not there', () =>
  inTemporaryFolder(async (folder) => {
    await ensureSynthetic(folder);
    const [cifar10, synthetic] = await dataFindings(folder);
    assert.deepEqual([cifar10?.verdict, synthetic?.verdict], ['note', 'ok']);
    writeFileSync(join(folder, 'synthetic-batches-bin', 'test_batch.bin'), 'short');
    const [, damaged] = await dataFindings(folder);
    assert.equal(damaged?.verdict, 'missing');
    assert.match(damaged?.text ?? '', /test_batch\.bin: found 5 bytes/);
  }));

test('looking makes no folders', () =>
  inTemporaryFolder(async (folder) => {
    await dataFindings(join(folder, 'new'));
    await folderFinding('data', join(folder, 'new'), 1);
    assert.deepEqual(readdirSync(folder), []);
  }));

test('doctor proves that training works and leaves with 0, or with 1 where something is missing', () =>
  inTemporaryFolder(async (folder) => {
    const well = await program([
      'doctor',
      '--data-dir',
      join(folder, 'data'),
      '--train-dir',
      join(folder, 'run'),
    ]);
    assert.equal(well.code, 0, well.output);
    assert.match(well.output, /^ok +engine onnx: onnxruntime-node .*precision @ 1 = 1\.000$/m);
    writeFileSync(join(folder, 'file'), '');
    const ill = await program([
      'doctor',
      '--data-dir',
      join(folder, 'data'),
      '--train-dir',
      join(folder, 'file', 'run'),
    ]);
    assert.equal(ill.code, 1);
    assert.match(ill.output, /^missing +train folder: .*cannot be written/m);
  }));
