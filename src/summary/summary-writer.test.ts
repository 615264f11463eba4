/** The writer and the readers of `cifar10-ts/tensorboard`, as other programs use them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { fullDisk } from '../testing/full-disk.ts';
import { readRun } from './event-reader.ts';
import { hyperparametersOf } from './hparams.ts';
import { type ReadSummary, readSummaries } from './read-summaries.ts';
import { SummaryWriter } from './summary-writer.ts';

async function all(path: string): Promise<readonly ReadSummary[]> {
  const found: ReadSummary[] = [];
  for await (const summary of readSummaries(path)) found.push(summary);
  return found;
}

test('what is written is read back, value by value and as curves', () =>
  inTemporaryFolder(async (folder) => {
    const dir = join(folder, 'new', 'run');
    const writer = new SummaryWriter(dir);
    writer.hparams({ rate: 0.1, optimizer: 'adam', nesterov: false }, { metrics: ['loss'] });
    writer.scalar('loss', 2.5, 0, { description: 'The loss.' });
    writer.scalar('loss', 1.5, 10);
    writer.scalar('loss', Number.NaN, 20);
    writer.histogram('weights', [1, 2, 2, Number.NaN], 10);
    writer.histogram('weights', Float64Array.of(-1), 20);
    writer.image('gray', { data: Uint8Array.of(0, 255), width: 2, height: 1 }, 0);
    writer.image('rgb', { data: new Uint8ClampedArray(12), width: 2, height: 2 }, 0);
    writer.image('rgba', { data: new Uint8Array(4), width: 1, height: 1 }, Number.MAX_SAFE_INTEGER);
    writer.flush();
    assert.deepEqual(readdirSync(dir), [writer.path.slice(dir.length + 1)]);
    writer.scalar('late', 1, 3);
    writer.close();
    writer.close();

    const summaries = await all(dir);
    const scalars = summaries.flatMap((one) =>
      one.kind === 'scalar' ? [[one.tag, one.step, one.value]] : [],
    );
    assert.deepEqual(scalars, [
      ['loss', 0, 2.5],
      ['loss', 10, 1.5],
      ['loss', 20, Number.NaN],
      ['late', 3, 1],
    ]);
    assert.deepEqual(await all(writer.path), summaries, 'a file can be read alone');
    assert.ok(summaries.every(({ wallTime }) => Math.abs(wallTime - Date.now() / 1000) < 60));

    const run = await readRun(dir);
    assert.deepEqual(
      run.scalars.get('loss')?.map(({ step }) => step),
      [0, 10, 20],
    );
    assert.equal(run.descriptions.get('loss'), 'The loss.');
    const histogram = run.histograms.get('weights')?.[0]?.value;
    assert.deepEqual([histogram?.num, histogram?.min, histogram?.max, histogram?.sum], [3, 1, 2, 5]);
    const sizes = [...run.images].map(([tag, [point]]) => [tag, point?.value.width, point?.value.channels]);
    assert.deepEqual(sizes, [
      ['gray', 2, 1],
      ['rgb', 2, 3],
      ['rgba', 1, 4],
    ]);
    const start = run.plugins.get('_hparams_/session_start_info');
    const values = hyperparametersOf(start?.content ?? new Uint8Array());
    assert.deepEqual(values, { rate: 0.1, optimizer: 'adam', nesterov: false });
    assert.ok(run.plugins.has('_hparams_/session_end_info'));
  }));

test('a resumed run replaces the points after its first step', () =>
  inTemporaryFolder(async (folder) => {
    const first = new SummaryWriter(folder);
    for (const step of [0, 1, 2, 3]) first.scalar('loss', step, step);
    first.close();
    const second = new SummaryWriter(folder, { startStep: 2 });
    second.scalar('loss', 20, 2);
    second.close();
    const { scalars } = await readRun(folder);
    assert.deepEqual(
      scalars.get('loss')?.map(({ value }) => value),
      [0, 1, 20],
    );
    assert.equal((await all(folder)).length, 5, 'the values one by one include those that were replaced');
  }));

test('unsuitable arguments are refused, and nothing is written after close', () =>
  inTemporaryFolder(async (folder) => {
    const writer = new SummaryWriter(folder);
    const untyped = (method: unknown) => (method as (...words: readonly unknown[]) => void).bind(writer);
    const cases: readonly (readonly [keyof SummaryWriter, readonly unknown[], RegExp])[] = [
      ['scalar', ['', 1, 0], /^tag: found "", expected a text$/],
      ['scalar', [3, 1, 0], /^tag: found 3/],
      ['scalar', ['a', '1', 0], /^value: found "1", expected a finite number$/],
      ['scalar', ['a', 1n, 0], /^value: found 1/],
      ['scalar', ['a', 1], /^step: found undefined, expected a whole number/],
      ['scalar', ['a', 1, 0.5], /^step: found 0\.5/],
      ['scalar', ['a', 1, -1], /^step: found -1/],
      ['scalar', ['a', 1, 2 ** 53], /^step: found 9007199254740992/],
      ['scalar', ['a', 1, 0, { text: 'x' }], /^unknown option `text`/],
      ['histogram', ['a', 3, 0], /^values: expected an array of numbers/],
      ['histogram', ['a', ['1'], 0], /^values: expected an array of numbers/],
      ['histogram', ['a', 'text', 0], /^values: expected an array of numbers/],
      ['image', ['a', new Uint8Array(3), 0], /^image: expected an object with `data`/],
      ['image', ['a', { data: new Uint8Array(3), width: 1 }, 0], /^image\.height: found undefined/],
      ['image', ['a', { data: new Uint8Array(0), width: 0, height: 1 }, 0], /^image\.width: found 0/],
      ['image', ['a', { data: new Float32Array(3), width: 1, height: 1 }, 0], /^image: expected an object/],
      [
        'image',
        ['a', { data: new Uint8Array(5), width: 1, height: 1 }, 0],
        /found 5 bytes, expected 1, 3 or 4/,
      ],
      ['hparams', [3], /^values: found 3, expected an object/],
      ['hparams', [{ sizes: [1] }], /^values: sizes: expected a text, a number or a boolean, found object$/],
      ['hparams', [{}, { metric: ['x'] }], /Did you mean `metrics`\?$/],
    ];
    for (const [method, words, message] of cases)
      assert.throws(() => untyped(writer[method])(...words), { name: 'UsageError', message });
    writer.close();
    const closed = { name: 'UsageError', message: /is closed; open another one$/ };
    assert.throws(() => writer.scalar('a', 1, 0), closed);
    assert.throws(() => writer.hparams({}), closed);
    assert.deepEqual(await all(folder), []);
  }));

test('folders that cannot be written or read are errors', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    const message = /cannot create an event file/;
    assert.throws(() => new SummaryWriter(join(folder, 'file')), { name: 'RunError', message });
    await assert.rejects(all(join(folder, 'nowhere')), { name: 'RunError', message: /^cannot read / });
    await assert.rejects(all(folder), { name: 'RunError', message: /no event files/ });
  }));

test('a full disk is an error of flush and close, or of onError, and nothing is lost', (context) =>
  fullDisk(context, '64k', async ({ dir, fill, free }) => {
    const errors: Error[] = [];
    const throwing = new SummaryWriter(dir);
    const reporting = new SummaryWriter(dir, { onError: (error) => errors.push(error) });
    const description = 'x'.repeat(10_000);
    throwing.scalar('a', 1, 0, { description });
    reporting.scalar('b', 1, 0, { description });
    fill();
    assert.throws(() => throwing.flush(), { name: 'RunError', message: /summaries cannot be written/ });
    reporting.flush();
    assert.match(errors[0]?.message ?? '', /summaries cannot be written/);
    free();
    throwing.close();
    reporting.close();
    assert.deepEqual(errors.length, 1);
    assert.deepEqual(
      (await all(dir)).map(({ tag }) => tag),
      ['a', 'b'],
    );
  }));

test('a file that is cut short is read up to there, and damage is an error or a warning', () =>
  inTemporaryFolder(async (folder) => {
    const writer = new SummaryWriter(folder);
    for (let step = 0; step < 10; step++) writer.scalar('loss', step, step);
    writer.close();
    const bytes = readFileSync(writer.path);
    truncateSync(writer.path, bytes.length - 3);
    assert.equal((await all(folder)).length, 9);
    const damaged = Uint8Array.from(bytes);
    damaged[bytes.length - 20] = 1 ^ (damaged[bytes.length - 20] ?? 0);
    writeFileSync(writer.path, damaged);
    await assert.rejects(all(folder), { name: 'RunError', message: /byte \d+/ });
    const warnings: string[] = [];
    const found: number[] = [];
    for await (const { step } of readSummaries(folder, { onWarning: (text) => warnings.push(text) }))
      found.push(step);
    assert.deepEqual([found.length, warnings.length], [9, 1]);
  }));
