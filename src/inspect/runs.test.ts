import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { runTable } from '../cli/run-table.ts';
import { widthOf } from '../cli/width.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { runsIn } from './runs.ts';

describe('the runs of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-runs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = async (
    name: string,
    step: number,
    learningRate: number,
    lines: readonly object[] = [],
    averages: ReadonlyMap<string, Float32Tensor> = new Map(),
    recipe = 'tutorial',
  ) => {
    const { tensors: sample, metadata } = sampleCheckpoint(step);
    const tensors = new Map([...sample, ...averages]);
    const hyperparameters = { ...metadata.hyperparameters, learningRate };
    await writeCheckpoint(join(folder, name), {
      tensors,
      metadata: { ...metadata, recipe, hyperparameters, holdout: 0.1 },
    });
    if (lines.length === 0) return;
    writeFileSync(
      join(folder, name, 'metrics.jsonl'),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
  };

  before(async () => {
    await write('run-10', 4, 0.1, [
      { step: 0, total_loss: 5 },
      { step: 2, total_loss: 4, examples_per_sec: 100 },
      { step: 3, 'validation/Precision @ 1': 0.25 },
    ]);
    // Loss averages are biased toward their initial value of 0: after one update, by a factor of 0.1.
    const average = new Map([['total_loss/avg', float32([], [0.25])]]);
    await write('run-9', 1, 0.2, [{ step: 0, total_loss: 5 }], average);
    await write('sweep/learning_rate=0.3', 2, 0.3, [], new Map(), 'wide');
    writeFileSync(
      join(folder, 'sweep', 'learning_rate=0.3', 'sweep-run.json'),
      JSON.stringify({
        ...{ identity: {}, options: {}, maxSteps: 9 },
        result: {
          ...{ status: 'diverged', steps: 3, loss: null, validation: null, best: null, bestStep: null },
          ...{ imagesPerSecond: null, message: 'Model diverged' },
        },
      }),
    );
    mkdirSync(join(folder, 'eval'));
    const score = {
      checkpoint: join(folder, 'run-10', 'best', 'model.ckpt-4.safetensors'),
      evalData: 'test',
    };
    writeFileSync(
      join(folder, 'eval', 'evaluations.jsonl'),
      `${JSON.stringify({ ...score, precision: 0.75 })}\n`,
    );
    mkdirSync(join(folder, 'damaged'));
    writeFileSync(join(folder, 'damaged', 'model.ckpt-3.safetensors'), 'nothing');
    mkdirSync(join(folder, 'started'));
    writeFileSync(join(folder, 'started', 'recipe.toml'), '');
    mkdirSync(join(folder, 'notes'));
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'odd', 'model.ckpt-3.safetensors'), { recursive: true });
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  });

  test('are listed as rows with the last known value of each column, together with the settings in which they differ', async () => {
    const { runs, differing } = await runsIn(folder);
    assert.deepEqual(
      runs.map(({ name }) => name),
      ['damaged', 'odd', 'run-9', 'run-10', 'started', join('sweep', 'learning_rate=0.3')],
    );
    assert.deepEqual(differing, ['learningRate']);
    const ten = runs.find(({ name }) => name === 'run-10');
    assert.deepEqual([ten?.step, ten?.loss, ten?.imagesPerSecond, ten?.validation], [4, 4, 100, 0.25]);
    assert.equal(runs.find(({ name }) => name === 'run-9')?.loss?.toFixed(4), '2.5000');
    assert.equal(ten?.precision, 0.75);
    assert.deepEqual(
      runs.map(({ recipe }) => recipe),
      [null, null, 'tutorial', 'tutorial', null, 'wide'],
    );
    assert.equal(ten?.problem, null);
  });

  test('of several recipes list the settings first in which runs of the same recipe differ', async () => {
    const { metadata } = sampleCheckpoint(1);
    for (const [name, recipe, batchSize, seed] of [
      ['a', 'tutorial', 128, 1],
      ['b', 'tutorial', 128, 2],
      ['c', 'wide', 64, 2],
    ] as const)
      await writeCheckpoint(join(folder, 'recipes', 'all', name), {
        tensors: new Map(),
        metadata: { ...metadata, recipe, batchSize, seed },
      });
    assert.deepEqual((await runsIn(join(folder, 'recipes', 'all'))).differing, ['seed', 'batchSize']);
    rmSync(join(folder, 'recipes'), { recursive: true });
  });

  test('show the number of towers and processes only where they differ', async () => {
    const { metadata } = sampleCheckpoint(1);
    const dir = join(folder, 'towers');
    for (const [towers, ranks] of [
      [1, 1],
      [2, 1],
      [2, 3],
    ] as const)
      await writeCheckpoint(join(dir, `${towers}x${ranks}`), {
        tensors: new Map(),
        metadata: { ...metadata, towers, ranks },
      });
    const { runs, differing } = await runsIn(dir);
    assert.deepEqual(differing, ['towers', 'ranks']);
    const [head, ...rows] = runTable(runs, differing).split('\n');
    assert.match(head ?? '', /towers +ranks/);
    assert.deepEqual(
      rows.map((row) => /^\S+ +(?:tutorial +)*(\d) +(\d) /.exec(row)?.slice(1).join('x')),
      ['1x1', '2x1', '2x3'],
    );
    rmSync(dir, { recursive: true });
  });

  test('that cannot be read are listed with the reason', async () => {
    const { runs } = await runsIn(folder);
    const problems = new Map(runs.map(({ name, problem }) => [name, problem]));
    assert.match(problems.get('damaged') ?? '', /^(?!.*damaged).*safetensors|short|bytes/);
    assert.equal(problems.get('odd'), 'cannot read: is a folder, not a regular file');
    assert.equal(problems.get('started'), 'no checkpoint');
    assert.equal(problems.get(join('sweep', 'learning_rate=0.3')), 'diverged at step 3');
  });

  test('are shown in 80 columns, whatever their names are and however many settings differ', async () => {
    const { runs } = await runsIn(folder);
    const named = runs.map((run) => ({ ...run, name: `${run.name}${'x'.repeat(100)}` }));
    const names = Object.keys(runs.find(({ settings }) => settings !== null)?.settings ?? {});
    for (const table of [runTable(runs, ['learningRate']), runTable(named, names)])
      assert.ok(
        table.split('\n').every((line) => widthOf(line) <= 80),
        table,
      );
    assert.match(runTable(runs, ['learningRate']), /^run +recipe +learning-rate +steps/);
    assert.match(runTable(named, names), /^run +recipe /);
  });

  test('have the name of their recipe in a column or, if all have the same and the table is too wide, above the table', async () => {
    const { runs } = await runsIn(folder);
    const same = runs.map((run) => ({ ...run, recipe: 'a\u001brecipe'.repeat(30) }));
    const settings = ['learningRate', 'optimizer'];
    const lines = runTable(same, settings).split('\n');
    assert.match(lines[0] ?? '', /^recipe: a\\u001brecipe/);
    assert.match(lines[1] ?? '', /^run +learning-rate/);
    assert.ok(lines.every((line) => widthOf(line) <= 80));
    assert.match(runTable(same, settings, 140), /^run +recipe +network +learning-rate +optimizer +steps/);
  });
});
