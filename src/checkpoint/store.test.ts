import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError } from '../errors.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { encodeCheckpoint } from './checkpoint.ts';
import { readCheckpointIndex, writeCheckpointIndex } from './checkpoint-index.ts';
import { CheckpointStore } from './store.ts';

let root = '';
let dir = '';
let warnings: string[] = [];
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'cifar10-store-'));
});
after(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(root, 'run-'));
  warnings = [];
});

function store(keep = 2): CheckpointStore {
  return new CheckpointStore(dir, { keep, onWarning: (message) => warnings.push(message) });
}

async function saveAll(steps: readonly number[], keep = 2): Promise<void> {
  for (const step of steps) await store(keep).save(sampleCheckpoint(step));
}

function pathOf(step: number): string {
  return join(dir, `model.ckpt-${step}.safetensors`);
}

async function latestStep(): Promise<number | undefined> {
  const found = await store().latest();
  if (found !== undefined) assert.equal(found.path, pathOf(found.checkpoint.metadata.globalStep));
  return found?.checkpoint.metadata.globalStep;
}

async function files(): Promise<string[]> {
  return (await readdir(dir)).sort();
}

async function damage(step: number): Promise<void> {
  const bytes = await readFile(pathOf(step));
  await writeFile(pathOf(step), bytes.subarray(0, bytes.length - 1));
}

test('nothing is written once another process has taken over the folder', async () => {
  await saveAll([10]);
  const before = await files();
  const lost = store();
  lost.refuseSaves(new RunError('lost the folder'));
  await assert.rejects(lost.save(sampleCheckpoint(20)), /^RunError: lost the folder$/);
  assert.deepEqual(await files(), before);
});

test('the newest checkpoints are kept and indexed, and the last one is found', async () => {
  await saveAll([0, 900, 1000, 10_000]);
  assert.deepEqual(await files(), [
    'checkpoint',
    'model.ckpt-1000.safetensors',
    'model.ckpt-10000.safetensors',
  ]);
  assert.deepEqual(await readCheckpointIndex(dir), {
    latest: pathOf(10_000),
    all: [pathOf(1000), pathOf(10_000)],
  });
  const found = await store().latest();
  assert.deepEqual(found, { path: pathOf(10_000), checkpoint: sampleCheckpoint(10_000) });
  assert.deepEqual(warnings, []);
});

test('`keep: 0` keeps all checkpoints', async () => {
  await saveAll([1, 2, 3, 4, 5, 6, 7], 0);
  assert.equal((await files()).length, 8);
});

test('the same step can be saved again', async () => {
  await saveAll([1, 2, 2]);
  assert.deepEqual((await readCheckpointIndex(dir))?.all, [pathOf(1), pathOf(2)]);
});

test('an empty or missing folder has no checkpoint', async () => {
  assert.equal(await store().latest(), undefined);
  const missing = new CheckpointStore(join(dir, 'missing'), { keep: 5, onWarning: assert.fail });
  assert.equal(await missing.latest(), undefined);
});

test('a damaged checkpoint is skipped with a warning', async () => {
  await saveAll([1, 2]);
  await damage(2);
  assert.equal(await latestStep(), 1);
  assert.deepEqual(warnings, [
    `skipped a checkpoint: ${pathOf(2)}: the payload has 35 bytes, but its tensors need 36; the file was cut short`,
    `the newest undamaged checkpoint is ${pathOf(1)}`,
  ]);
});

test('if all checkpoints are damaged, the error lists them all', async () => {
  await saveAll([1, 2]);
  await damage(1);
  await damage(2);
  await assert.rejects(store().latest(), {
    name: 'RunError',
    message: `no undamaged checkpoint in ${dir}:
  ${pathOf(2)}: the payload has 35 bytes, but its tensors need 36; the file was cut short
  ${pathOf(1)}: the payload has 35 bytes, but its tensors need 36; the file was cut short
Restore one of them from a copy, or train in another folder.`,
  });
});

test('resuming from a checkpoint before a damaged one deletes neither the damaged one nor the next', async () => {
  await saveAll([1, 20]);
  await damage(20);
  await saveAll([10], 1);
  assert.deepEqual(await files(), ['checkpoint', 'model.ckpt-10.safetensors', 'model.ckpt-20.safetensors']);
  assert.deepEqual(await readCheckpointIndex(dir), { latest: pathOf(10), all: [pathOf(10)] });
  assert.equal(await latestStep(), 10);
});

test('the temporary file of a process that was killed while writing is ignored, and deleted by the next save', async () => {
  await saveAll([1]);
  const half = encodeCheckpoint(sampleCheckpoint(2)).subarray(0, 300);
  await writeFile(`${pathOf(2)}.tmp`, half);
  await writeFile(join(dir, 'checkpoint.tmp'), 'model_');
  await writeFile(join(dir, 'notes.tmp'), 'unrelated');
  assert.equal(await latestStep(), 1);
  assert.deepEqual(warnings, []);
  await saveAll([3]);
  assert.deepEqual(await files(), [
    'checkpoint',
    'model.ckpt-1.safetensors',
    'model.ckpt-3.safetensors',
    'notes.tmp',
  ]);
});

test('a checkpoint that is not in the index yet, because the process was killed, is found', async () => {
  await saveAll([1]);
  await writeFile(pathOf(2), encodeCheckpoint(sampleCheckpoint(2)));
  assert.equal(await latestStep(), 2);
  await rm(join(dir, 'checkpoint'));
  assert.equal(await latestStep(), 2);
  assert.deepEqual(warnings, []);
});

test('surplus files of a process that was killed before deleting them are deleted by the next save', async () => {
  await saveAll([1, 2, 3], 0);
  await writeCheckpointIndex(dir, { latest: pathOf(3), all: [pathOf(2), pathOf(3)] });
  await saveAll([4]);
  assert.deepEqual(await files(), ['checkpoint', 'model.ckpt-3.safetensors', 'model.ckpt-4.safetensors']);
});

test('an invalid index is ignored with a warning', async () => {
  await saveAll([1, 2]);
  await writeFile(join(dir, 'checkpoint'), 'rubbish');
  assert.equal(await latestStep(), 2);
  assert.match(
    warnings.join(),
    /checkpoint:1: CheckpointState: unknown field '\w+' in .*; using the files in the folder instead$/,
  );
});

test('a moved folder still works, and an index may name files in other folders', async () => {
  await saveAll([1, 2]);
  await writeCheckpointIndex(join(dir, '..'), { latest: pathOf(2), all: [] });
  await rename(join(dir, '..', 'checkpoint'), join(dir, 'checkpoint')); // it names <run>/model.ckpt-2…, which does not exist
  assert.equal(await latestStep(), 2);
  assert.deepEqual(warnings, []);

  const pointer = join(dir, 'pointer');
  await mkdir(pointer);
  await writeCheckpointIndex(pointer, { latest: pathOf(1), all: [pathOf(1)] });
  const found = await new CheckpointStore(pointer, { keep: 5, onWarning: assert.fail }).latest();
  assert.equal(found?.path, pathOf(1));
});

test('an index that names a file of another kind is ignored with a warning', async () => {
  await saveAll([1]);
  await writeFile(join(dir, 'checkpoint'), 'model_checkpoint_path: "best.bin"');
  assert.equal(await latestStep(), 1);
  assert.deepEqual(warnings, [
    `${join(dir, 'checkpoint')} names ${join(dir, 'best.bin')}, which is not model.ckpt-<step>.safetensors`,
  ]);
});

const savesUntilKilled = `
  const { CheckpointStore } = await import(process.argv[1]);
  const { sampleCheckpoint } = await import(process.argv[2]);
  const store = new CheckpointStore(process.argv[3], { keep: 2, onWarning: () => {} });
  const found = await store.latest();
  for (let step = (found?.checkpoint.metadata.globalStep ?? 0) + 1; ; step++) {
    await store.save(sampleCheckpoint(step));
    process.stdout.write(step + '\\n'); // printed only after the save
  }`;

test('after a process was killed at any moment, every checkpoint that it reported as saved exists, and the index is valid', async () => {
  const modules = ['./store.js', '../testing/checkpoints.js'].map(
    (path) => new URL(path, import.meta.url).href,
  );
  for (let round = 0; round < 4; round++) {
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', savesUntilKilled, '--', ...modules, dir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await once(child.stdout, 'data');
    await sleep(4 + round * 1.7);
    child.kill('SIGKILL');
    await once(child, 'close');
    const saved = Number(printed.trim().split('\n').at(-1));
    const found = (await latestStep()) ?? 0;
    assert.ok(found >= saved, `printed ${saved}, found ${found}`);
    for (const path of (await readCheckpointIndex(dir))?.all ?? []) await stat(path);
    assert.deepEqual(warnings, []);
  }
});

test('repeated calls warn only once about an invalid index', async () => {
  await saveAll([1, 2]);
  await writeFile(join(dir, 'checkpoint'), 'nonsense');
  const polled = store();
  for (let polls = 0; polls < 3; polls++) assert.equal((await polled.paths()).length, 2);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /checkpoint:1: CheckpointState: unknown field '\w+' in .*using the files in the folder instead/,
  );
});

test('a renamed copy is skipped with advice, never resumed silently', async () => {
  await saveAll([1, 2], 0);
  await writeFile(pathOf(99), await readFile(pathOf(1)));
  assert.equal(await latestStep(), 2);
  assert.match(
    warnings.join('\n'),
    /model\.ckpt-99\.safetensors: a renamed copy, .* contains step 1\. .*rename it to model\.ckpt-1\./,
  );
});

test('a damaged checkpoint is neither counted as kept nor added to the index', async () => {
  await saveAll([1, 2]);
  await damage(2);
  await saveAll([3]);
  const kept = [
    'checkpoint',
    'model.ckpt-1.safetensors',
    'model.ckpt-2.safetensors',
    'model.ckpt-3.safetensors',
  ];
  assert.deepEqual(await files(), kept);
  assert.deepEqual(await readCheckpointIndex(dir), { latest: pathOf(3), all: [pathOf(1), pathOf(3)] });
  assert.match(warnings.join('\n'), /a damaged checkpoint does not count toward `keep`: .*ckpt-2/);
  await saveAll([4, 5]);
  assert.deepEqual(await files(), ['checkpoint', 'model.ckpt-4.safetensors', 'model.ckpt-5.safetensors']);
});

test('missing files that the index names are reported', async () => {
  await saveAll([1]);
  await rm(pathOf(1));
  assert.equal(await store().latest(), undefined);
  assert.match(warnings.join('\n'), /checkpoint names .*model\.ckpt-1\.safetensors, which does not exist/);
});

test('checkpoints of another run in the folder are reported', async () => {
  await saveAll([1, 2], 0);
  const other = sampleCheckpoint(3);
  await store(0).save({ ...other, metadata: { ...other.metadata, seed: 5 } });
  await store().warnOfOtherRuns(sampleCheckpoint(2).metadata);
  assert.match(warnings.join('\n'), /contains checkpoints of another run \(model\.ckpt-3\.safetensors\)/);
});
