/** Tests of training as an MPI job: `mpirun -np 2 cifar10 train …`. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepOfName } from '../checkpoint/names.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Vendor } from '../collective/mpi/abi.ts';
import { endOneTower } from './end-tower.ts';
import { engineCase } from './engines.ts';
import { cifar10 } from './in-process.ts';
import { findLauncher, mpirun } from './mpirun.ts';
import { main, offline, program } from './program.ts';
import { copySynthetic, smallNetwork } from './synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-ranks-'));
const dataDir = join(folder, 'data');
before(() => copySynthetic(dataDir));
after(() => rmSync(folder, { recursive: true, force: true }));

const flags = [
  ...['train', '--dataset', 'synthetic', '--data-dir', dataDir, '--engine', 'onnx'],
  ...['--batch-size', '7', '--seed', '3', '--log-frequency', '1', '--json'],
];
const trainIn = (dir: string, steps: number, ...more: readonly string[]) => [
  ...flags,
  ...['--train-dir', join(folder, dir), '--max-steps', String(steps), ...more],
];

type Event = Readonly<Record<string, unknown>>;
const eventsOf = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);
const lossesOf = (output: string) =>
  eventsOf(output)
    .filter(({ kind }) => kind === 'step')
    .map(({ loss }) => Number(loss));

function assertNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (const [index, loss] of found.entries())
    assert.ok(Math.abs(loss - (expected[index] ?? 0)) < tolerance, `${found} for ${expected}`);
}

const checkpoint = (dir: string, step: number) =>
  readFileSync(join(folder, dir, `model.ckpt-${step}.safetensors`));

/** What is trained as a job of two processes, and the number of towers with which a single process gives the same losses. Batch
 * normalization depends on the images of a tower, so there have to be as many towers in all. */
const held = ['--holdout', '0.02', '--eval-every', '2'];
const runs = {
  'Open MPI': { recipe: [...smallNetwork, ...held], towers: '2', towersAlone: '1' },
  MPICH: { recipe: ['--network', 'resnet:depth=8,dropout=0.25', ...held], towers: '1', towersAlone: '2' },
} as const;

export function testTrainingOf(vendor: Vendor): void {
  const { recipe, towers, towersAlone } = runs[vendor];
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;
  const short = vendor.replace(' ', '');
  const job = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    mpirun(vendor, 2, [main, ...words], environment);

  const trainAlone = (dir: string, ...more: readonly string[]) =>
    cifar10(trainIn(dir, 4, ...recipe, '--towers', towersAlone, ...more));
  const trainAsJob = (dir: string, steps: number) => job(trainIn(dir, steps, ...recipe, '--towers', towers));
  /** Copies the checkpoint of step 2 to a new folder, from which a run then resumes. */
  const copyStep2 = (from: string, to: string) => {
    mkdirSync(join(folder, to));
    writeFileSync(join(folder, to, 'model.ckpt-2.safetensors'), checkpoint(from, 2));
  };

  describe(`training as a job of ${vendor}`, { skip }, () => {
    test('gives the losses of one process, reports once, and resumes with the same bits, or with another number of processes', async () => {
      const alone = await trainAlone(`${short}-alone`, '--checkpoint-steps', '2');
      const whole = await trainAsJob(`${short}-whole`, 4);
      assert.equal(whole.code, 0, whole.errors);
      const [expected, found] = [lossesOf(alone.output), lossesOf(whole.output)];
      assert.equal(expected.length, 4, alone.errors);
      assert.equal(found.length, 4, 'only the first process prints');
      assertNear(found, expected, 1e-5);
      assert.ok(Math.abs((expected[2] ?? 0) - (expected[3] ?? 0)) > 1e-3, 'the losses of other steps differ');
      const events = eventsOf(whole.output);
      assert.equal(events.filter(({ kind }) => kind === 'end').length, 1);
      assert.equal(events.find(({ kind }) => kind === 'start')?.['ranks'], 2);
      const files = readdirSync(join(folder, `${short}-whole`));
      assert.equal(files.filter((file) => file.includes('tfevents')).length, 1);
      assert.ok(!files.includes('lock'), `${files}`);
      const scores = events.filter(({ kind }) => kind === 'validation').map(({ precision }) => precision);
      assert.equal(scores.length, 2);
      const scored = await cifar10([
        ...['eval', '--run-once', '--eval-data', 'validation', '--json', '--engine', 'onnx'],
        ...['--data-dir', dataDir, '--checkpoint-dir', join(folder, `${short}-whole`)],
        ...['--eval-dir', join(folder, `${short}-eval`)],
      ]);
      const [score] = eventsOf(scored.output).filter(({ kind }) => kind === 'evaluation');
      assert.equal(scores[1], score?.['precision'], scored.errors);

      for (const steps of [2, 4]) {
        const part = await trainAsJob(`${short}-parts`, steps);
        assert.equal(part.code, 0, part.errors);
        if (steps === 2) copyStep2(`${short}-parts`, `${short}-fewer`);
      }
      assert.ok(checkpoint(`${short}-parts`, 4).equals(checkpoint(`${short}-whole`, 4)));

      copyStep2(`${short}-alone`, `${short}-more`);
      const fewer = await trainAlone(`${short}-fewer`);
      const more = await trainAsJob(`${short}-more`, 4);
      assert.match(fewer.output + fewer.errors, /ranks: 2, now 1/);
      assert.match(more.output + more.errors, /ranks: 1, now 2/);
      for (const { output } of [fewer, more]) assertNear(lossesOf(output), expected.slice(2), 1e-4);
    });

    test('prints an error once', async () => {
      const failures: readonly (readonly [readonly string[], number, RegExp])[] = [
        [['train', '--bogus'], 2, /unknown flag --bogus/],
        [
          trainIn(`${short}-few`, 1, '--batch-size', '1'),
          1,
          /a batch has 1 image, but the job has 2 processes/,
        ],
        [
          trainIn(`${short}-none`, 1, '--dataset', 'cifar100', '--data-dir', join(folder, 'none')),
          1,
          /cannot be downloaded/,
        ],
      ];
      for (const [words, code, message] of failures) {
        const outcome = await job(words, offline);
        assert.equal(outcome.code, code, outcome.errors);
        const lines = outcome.errors.split('\n').filter((line) => message.test(line));
        assert.equal(lines.length, 1, outcome.output + outcome.errors);
      }
      assert.ok(!existsSync(join(folder, `${short}-few`)));
    });
  });
}

/** Tests that oneDNN trains as a job of two processes. `ranks.slow.ts` tests more combinations. */
export function testOneDnnOf(vendor: Vendor): void {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : engineCase('onednn').skip;

  test(`a job of ${vendor} gives the losses of one process on onednn`, { skip }, async () => {
    const words = (dir: string) => trainIn(dir, 3, ...smallNetwork, '--engine', 'onednn', '--towers', '1');
    const alone = await cifar10(words('onednn-alone'));
    const { code, output, errors } = await mpirun(vendor, 2, [main, ...words('onednn-job')]);
    assert.equal(code, 0, errors);
    const [expected, found] = [lossesOf(alone.output), lossesOf(output)];
    assert.deepEqual([expected.length, found.length], [3, 3], alone.errors + errors);
    assertNear(found, expected, 1e-5);
  });
}

/** Tests how a job ends in which a process is killed, and one of a single process. */
export function testEndsOf(vendor: Vendor): void {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;

  describe(`a job of ${vendor}`, { skip }, () => {
    for (const rank of [0, 1])
      test(`ends when process ${rank} is killed, and resumes from the last checkpoint`, async () => {
        const dir = `${vendor.replace(' ', '')}-killed-${rank}`;
        const words = (steps: number) => [
          ...trainIn(dir, steps, ...smallNetwork),
          '--checkpoint-steps',
          '20',
        ];
        const file = JSON.stringify(join(folder, dir, 'model.ckpt-20.safetensors'));
        const script = `
          import { existsSync } from 'node:fs';
          const { PMI_RANK, OMPI_COMM_WORLD_RANK } = process.env;
          if ((OMPI_COMM_WORLD_RANK ?? PMI_RANK) === '${rank}')
            setInterval(() => existsSync(${file}) && process.kill(process.pid, 'SIGKILL'), 10).unref();
        `;
        const killer = `--import=data:text/javascript,${encodeURIComponent(script)}`;
        const killed = await mpirun(vendor, 2, [main, ...words(1_000_000)], { NODE_OPTIONS: killer });
        assert.notEqual(killed.code, 0);
        // Open MPI's launcher may end up to two seconds before the last process.
        await sleep(3000);
        const steps = readdirSync(join(folder, dir)).map((name) => stepOfName(name) ?? 0);
        const resumed = await mpirun(vendor, 2, [main, ...words(Math.max(...steps) + 5)]);
        assert.equal(resumed.code, 0, resumed.errors);
        assert.match(resumed.output, /"resumedFrom":"[^"]*model\.ckpt-[1-9]/);
      });

    for (const rank of [0, 1])
      test(`ends with one error when a tower of process ${rank} fails, and with a checkpoint if it is process 0`, async () => {
        const dir = `${vendor.replace(' ', '')}-tower-${rank}`;
        const words = [
          ...trainIn(dir, 1_000_000, ...smallNetwork),
          '--towers',
          '2',
          '--checkpoint-steps',
          '20',
        ];
        const ends = endOneTower(
          join(folder, dir, 'model.ckpt-20.safetensors'),
          join(folder, `${dir}-ended`),
          rank,
        );
        const { code, errors } = await mpirun(vendor, 2, [main, ...words], { NODE_OPTIONS: ends });
        assert.notEqual(code, 0);
        const messages = errors.split('\n').filter((line) => line.startsWith('cifar10: '));
        assert.equal(messages.length, 1, errors);
        assert.match(
          messages[0] ?? '',
          /: tower [01]: ONNX Runtime cannot run graph train: its thread ended with code 7$/,
        );
        const [, step] = /^Step (\d+) was saved to /m.exec(errors) ?? [];
        assert.equal(step !== undefined, rank === 0, errors);
        // Open MPI's launcher may end up to two seconds before the last process.
        await sleep(3000);
        const store = new CheckpointStore(join(folder, dir), { keep: 0, onWarning: assert.fail });
        const latest = await store.latest();
        assert.ok((latest?.checkpoint.metadata.globalStep ?? 0) >= Number(step ?? 20));
      });

    test('of one process trains', async () => {
      const { code, errors } = await program(trainIn('single', 2, ...smallNetwork, '--collective', 'mpi'));
      assert.equal(code, 0, errors);
    });
  });
}
