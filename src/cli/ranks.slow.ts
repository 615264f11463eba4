/** Tests of what an MPI job computes: any number of processes and towers trains alike, with every engine and precision. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { float32Data } from '../tensor/tensor.ts';
import { engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { findLauncher, mpirun, mpiVendors } from '../testing/mpirun.ts';
import { main } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-ranks-slow-'));
const dataDir = join(folder, 'data');
before(() => copySynthetic(dataDir));
after(() => rmSync(folder, { recursive: true, force: true }));

type Event = Readonly<Record<string, unknown>>;

interface Trained {
  readonly dir: string;
  readonly events: readonly Event[];
  readonly losses: readonly number[];
}

/** Trains in new folders of the test. */
function trainer(flags: readonly string[]) {
  const words = (dir: string, towers: number) => [
    ...['train', '--dataset', 'synthetic', '--data-dir', dataDir, '--train-dir', join(folder, dir)],
    ...['--seed', '3', '--log-frequency', '1', '--json', '--towers', `${towers}`, ...flags],
  ];
  const trained = (dir: string, output: string): Trained => {
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    const events = lines.map((line) => JSON.parse(line) as Event);
    const losses = events.filter(({ kind }) => kind === 'step').map(({ loss }) => Number(loss));
    return { dir: join(folder, dir), events, losses };
  };
  return {
    alone: async (dir: string, towers: number) => {
      const { code, output, errors } = await cifar10(words(dir, towers));
      assert.equal(code, 0, errors);
      return trained(dir, output);
    },
    job: async (dir: string, vendor: (typeof mpiVendors)[number], ranks: number, towers: number) => {
      const { code, output, errors } = await mpirun(vendor, ranks, [main, ...words(dir, towers)]);
      assert.equal(code, 0, errors);
      return trained(dir, output);
    },
  };
}

/** Requires losses that differ by less than `tolerance`. */
function requireAlike(found: Trained, expected: Trained, steps: number, tolerance: number): void {
  assert.equal(found.losses.length, steps, found.dir);
  assert.equal(expected.losses.length, steps, expected.dir);
  found.losses.forEach((loss, step) => {
    const difference = Math.abs(loss - (expected.losses[step] ?? Number.NaN));
    assert.ok(difference <= tolerance, `${found.dir}, step ${step}: differs by ${difference}`);
  });
}

const checkpointOf = ({ dir }: Trained, step: number) => join(dir, `model.ckpt-${step}.safetensors`);
const only = (events: readonly Event[], wanted: string) => events.filter(({ kind }) => kind === wanted);

/** The jobs whose losses are compared with those of one tower: numbers of processes and of towers in each. */
const jobs = {
  'Open MPI': [
    [2, 1],
    [2, 2],
  ],
  MPICH: [
    [3, 1],
    [4, 1],
  ],
} as const;

/** Runs in one process, with which the jobs of every MPI library are compared. */
const runsAlone = new Map<string, Promise<Trained>>();
function aloneOnce(train: ReturnType<typeof trainer>, dir: string, towers: number): Promise<Trained> {
  const run = runsAlone.get(dir) ?? train.alone(dir, towers);
  runsAlone.set(dir, run);
  return run;
}

/** Gradients are exchanged in float32 in every precision, so Open MPI is tested with all precisions, and MPICH in float32. */
const variantsOf = (vendor: (typeof mpiVendors)[number]) =>
  engineVariants.filter(({ precision }) => vendor === 'Open MPI' || precision === 'float32');

/** The networks with running statistics. What is averaged does not depend on the MPI library, so MPICH is tested with the first. */
const networks = [
  ['ResNet', ['--network', 'resnet:depth=8', '--clip-norm', '1', '--learning-rate', '0.01']],
  ['airbench', ['--recipe', 'airbench', '--width', '0.25', '--learning-rate', '0.01']],
  ['airbench with smaller images first', ['--recipe', 'airbench', '--width', '0.25', '--early-size', '24']],
] as const;

for (const vendor of mpiVendors) {
  const launcher = findLauncher(vendor);
  const short = vendor.replace(' ', '');
  for (const { title, engine, precision, flags, skip, tolerance } of variantsOf(vendor))
    describe(`the tutorial's network on ${title}, jobs of ${vendor}`, {
      skip: 'missing' in launcher ? launcher.missing : skip,
    }, () => {
      // With the tutorial's rate of 0.1, differences of a rounding grow to 0.0006 in 20 steps. With 0.01, they stay.
      const train = trainer([...flags, '--batch-size', '30', '--max-steps', '20', '--learning-rate', '0.01']);
      const at = (name: string) => `${short}-${engine}-${precision}-${name}`;

      test('the first 20 losses are those of one tower', async () => {
        const towered = (towers: number) => aloneOnce(train, `${title}-${towers}-towers`, towers);
        const one = await towered(1);
        for (const towers of [2, 3]) requireAlike(await towered(towers), one, 20, tolerance);
        for (const [ranks, towers] of jobs[vendor])
          requireAlike(await train.job(at(`${ranks}x${towers}`), vendor, ranks, towers), one, 20, tolerance);
      });

      test('the same number of processes and towers gives the same bits', async () => {
        const [first, again] = [
          await train.job(at('first'), vendor, 2, 2),
          await train.job(at('again'), vendor, 2, 2),
        ];
        assert.deepEqual(again.losses, first.losses);
        const [expected, found] = [first, again].map((run) => readFileSync(checkpointOf(run, 20)));
        assert.ok(expected !== undefined && found?.equals(expected));
      });
    });

  describe(`a job of ${vendor}`, { skip: 'missing' in launcher ? launcher.missing : false }, () => {
    for (const [what, network] of vendor === 'Open MPI' ? networks : networks.slice(0, 1))
      test(`averages the running statistics of ${what} over all processes`, async () => {
        const train = trainer([...network, '--engine', 'onnx', '--batch-size', '14', '--max-steps', '6']);
        for (const [ranks, towers] of [
          [3, 1],
          [2, 2],
        ] as const) {
          const alone = await train.alone(`${short}-${what}-${ranks}x${towers}-alone`, ranks * towers);
          const job = await train.job(`${short}-${what}-${ranks}x${towers}`, vendor, ranks, towers);
          requireAlike(job, alone, 6, 1e-5);
          const [expected, found] = await Promise.all(
            [alone, job].map((run) => readCheckpoint(checkpointOf(run, 6))),
          );
          const states = [...(expected?.tensors ?? [])].filter(([name]) =>
            /moving_(mean|variance)$/.test(name),
          );
          assert.ok(states.length > 0, 'there are running statistics');
          for (const [name, tensor] of states) {
            const other = found?.tensors.get(name);
            const values = other === undefined ? [] : float32Data(other);
            float32Data(tensor).forEach((value, index) => {
              const difference = Math.abs(value - (values[index] ?? Number.NaN));
              assert.ok(
                difference <= 1e-4 * Math.max(1, Math.abs(value)),
                `${name}[${index}]: ${difference}`,
              );
            });
          }
        }
      });

    test('counts the images of all processes in an epoch, holds out the same images, and can be evaluated', async () => {
      const train = trainer([
        ...smallNetwork,
        ...[
          '--engine',
          'onnx',
          '--batch-size',
          '500',
          '--holdout',
          '0.1',
          '--epochs',
          '1',
          '--clip-norm',
          '5',
        ],
      ]);
      const alone = await train.alone(`${short}-epoch-alone`, 1);
      const job = await train.job(`${short}-epoch`, vendor, 3, 1);
      requireAlike(job, alone, 18, 1e-4);
      assert.equal(only(job.events, 'start')[0]?.['heldOut'], 1000);
      const [[epoch], [expected]] = [only(job.events, 'epoch'), only(alone.events, 'epoch')];
      assert.equal(epoch?.['images'], 9000);
      assert.equal(epoch?.['images'], expected?.['images']);
      assert.ok(Math.abs(Number(epoch?.['correct']) - Number(expected?.['correct'])) <= 9, `${job.dir}`);
      const [[validation], [score]] = [only(job.events, 'validation'), only(alone.events, 'validation')];
      assert.ok(Math.abs(Number(validation?.['precision']) - Number(score?.['precision'])) <= 0.002);
      assert.ok(existsSync(join(job.dir, 'best', 'checkpoint')));

      const evaluate = ['eval', '--run-once', '--json', '--data-dir', dataDir, '--eval-data', 'validation'];
      const { code, output, errors } = await cifar10([...evaluate, '--checkpoint-dir', job.dir]);
      assert.equal(code, 0, errors);
      const scored = output.split('\n').find((line) => line.includes('"kind":"evaluation"')) ?? '{}';
      assert.equal((JSON.parse(scored) as Event)['precision'], validation?.['precision']);
    });
  });
}
