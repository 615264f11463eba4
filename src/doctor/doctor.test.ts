import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { datasets } from '../data/datasets.ts';
import { chooseEngine } from '../engine/engines.ts';
import { offersWith } from '../engine/offers.ts';
import { createOnnxEngine } from '../engine/onnx/runtime/onnx-engine.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { capabilitiesOf } from './capabilities.ts';
import { dataFindings, folderFinding, loadFindings, processorName } from './checks.ts';
import { autoFinding } from './engines.ts';
import { byKernel } from './kernels.ts';
import { overfitOneBatch } from './overfit.ts';

test('overfitOneBatch learns one batch', async () => {
  const taken: number[] = [];
  const onStep = (steps: number) => taken.push(steps);
  const { steps, first, last, accuracy } = await overfitOneBatch(createOnnxEngine(2), {
    batchSize: 8,
    onStep,
  });
  assert.ok(
    Math.abs(first - Math.log(10)) < 0.2,
    `the initial loss should be that of guessing, but is ${first}`,
  );
  assert.ok(last < 0.1 && accuracy === 1, `${last}, ${accuracy}`);
  assert.deepEqual(
    taken,
    Array.from({ length: steps }, (_, index) => index + 1),
  );
});

test('after too few steps the accuracy shows that the batch was not learned', async () => {
  const { steps, accuracy } = await overfitOneBatch(createOnnxEngine(2), { maxSteps: 3 });
  assert.equal(steps, 3);
  assert.ok(accuracy < 1, `${accuracy}`);
});

test('the finding for --engine auto contains the engine that chooseEngine returns, with the speed of its trial', () => {
  const { engine } = chooseEngine({ engine: 'auto', precision: 'float32' });
  const trial = { engine: engine.name, precision: 'float32' } as const;
  const { verdict, text } = autoFinding([{ ...trial, imagesPerSecond: 1234 }]);
  assert.equal(verdict, 'ok');
  assert.match(text, new RegExp(`^uses ${engine.name}, about 1,200 images/s \\(`));
  assert.equal(autoFinding([trial]).verdict, 'missing', 'an engine that does not train cannot be chosen');
});

test('kernels of matrix operations are grouped by name, in the order of the step', () => {
  const placed = [
    ['Conv2D', 'jit:avx2'],
    ['MaxPool', 'jit:avx'],
    ['MatMul', 'gemm:jit'],
    ['Conv2DBackpropInput', 'jit:avx2'],
    ['Conv2D', 'jit:avx2'],
  ].map(([op = '', kernel = '']) => ({ op, kernel, name: op, device: '/device:CPU:0', fused: [] }));
  assert.deepEqual(byKernel(placed), [
    { kernel: 'jit:avx2', ops: ['Conv2D', 'Conv2DBackpropInput'] },
    { kernel: 'gemm:jit', ops: ['MatMul'] },
  ]);
});

test('speeds are relative to float32 of the same engine, and null for an engine that does not train', () => {
  const finding = { verdict: 'ok', subject: '', text: '' } as const;
  const trial = { device: 'cpu', verdict: 'fast', finding, kernels: [] } as const;
  const rows = capabilitiesOf([
    { ...trial, engine: 'onnx', precision: 'float32', imagesPerSecond: 10 },
    { ...trial, engine: 'onednn', precision: 'float32', imagesPerSecond: 100 },
    { ...trial, engine: 'onednn', precision: 'bfloat16', imagesPerSecond: 250 },
    { ...trial, engine: 'onednn', precision: 'float16', verdict: 'impossible' },
  ]);
  assert.deepEqual(
    rows.map(({ imagesPerSecond, relativeSpeed }) => [imagesPerSecond, relativeSpeed]),
    [
      [10, 1],
      [100, 1],
      [250, 2.5],
      [null, null],
    ],
  );
});

test('the verdict for a folder is `missing` if files cannot be created in it, or the space is too small', () =>
  inTemporaryFolder(async (folder) => {
    assert.equal((await folderFinding('data', join(folder, 'new', 'deep'), 1)).verdict, 'ok');
    assert.equal((await folderFinding('data', folder, 2 ** 60)).verdict, 'missing');
    writeFileSync(join(folder, 'file'), '');
    assert.equal((await folderFinding('data', join(folder, 'file', 'below'), 1)).verdict, 'missing');
  }));

test('each data set is reported as complete, damaged or absent', () =>
  inTemporaryFolder(async (folder) => {
    await copySynthetic(folder);
    const found = new Map((await dataFindings(folder)).map((finding) => [finding.subject, finding]));
    for (const { title, name } of Object.values(datasets)) {
      const { verdict, text = '' } = found.get(title) ?? {};
      assert.equal(verdict, name === 'synthetic' ? 'ok' : 'note');
      if (name === 'cifar100') assert.match(text, /download --dataset cifar100 --data-dir .*" downloads it$/);
    }
    writeFileSync(join(folder, 'synthetic-batches-bin', 'test_batch.bin'), 'short');
    const damaged = (await dataFindings(folder)).find(({ verdict }) => verdict === 'missing');
    assert.equal(damaged?.verdict, 'missing');
    assert.match(damaged?.text ?? '', /test_batch\.bin: found 5 bytes/);
  }));

test('a processor without a name is named by its architecture', () => {
  assert.equal(processorName(' AMD EPYC '), 'AMD EPYC');
  for (const model of [undefined, '', 'unknown'])
    assert.equal(processorName(model), `${process.arch} processor`);
});

test('a busy processor is reported, because the speeds are then too low', () => {
  assert.deepEqual(loadFindings(0.2), []);
  assert.match(
    loadFindings(1000)[0]?.text ?? '',
    /^other programs use the processor \(load 1000\.0\), so the speeds/,
  );
});

test('checks create no folders', () =>
  inTemporaryFolder(async (folder) => {
    await dataFindings(join(folder, 'new'));
    await folderFinding('data', join(folder, 'new'), 1);
    assert.deepEqual(readdirSync(folder), []);
  }));

test('doctor tries every engine, reports which one `auto` selects, and exits with 1 if something is missing', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    const trainDir = join(folder, 'file', 'run');
    const { code, output } = await cifar10([
      'doctor',
      '--data-dir',
      join(folder, 'data'),
      '--train-dir',
      trainDir,
    ]);
    assert.equal(code, 1, output);
    assert.match(output, /^missing +train folder: .*cannot be written/m);
    assert.match(output, /^ok +engine onnx: onnxruntime-node .*trains, about [\d,]+ images\/s/m);
    assert.match(output, /^(ok|note) +engine onednn: /m);
    assert.match(output, /^ok +--engine auto: uses \w+, about [\d,]+ images\/s \(/m);
    // Training works without a GPU.
    for (const device of ['webgpu', 'cuda'])
      assert.match(output, new RegExp(`^(ok|note) +device ${device}: `, 'm'));
    assert.match(
      output,
      /^(ok|note) +instruction set: (oneDNN [\d.]+ uses .*, \d+ threads?|known only to oneDNN)/m,
    );
    assert.match(
      output,
      /^engine +precision +verdict +images\/s +of float32\nonnx +float32 +fast +[\d,]+ +1\.0 ×\n {2}CPUEx/m,
    );
    for (const { engine, precision } of offersWith({ device: 'cpu' }))
      assert.match(output, new RegExp(`^${engine} +${precision} +(fast|slow|impossible|missing)\\b`, 'm'));
  }));
