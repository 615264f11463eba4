/** Tests of commands other than training as an MPI job: `mpirun -np 2 cifar10 eval …`. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Vendor } from '../collective/mpi/abi.ts';
import { cifar10 } from './in-process.ts';
import { findLauncher, mpirun } from './mpirun.ts';
import { main } from './program.ts';
import { withoutDate } from './report-pages.ts';
import { copySynthetic, smallNetwork } from './synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-ranks-eval-'));
const dataDir = join(folder, 'data');
after(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = (evalDir: string, ...more: readonly string[]) => [
  ...['eval', '--data-dir', dataDir, '--checkpoint-dir', join(folder, 'run'), '--engine', 'onnx'],
  ...['--eval-dir', join(folder, evalDir), '--batch-size', '64', ...more],
];
const reports = (evalDir: string) =>
  readdirSync(join(folder, evalDir))
    .filter((name) => /-test-ema\./.test(name))
    .map((name) => [name, withoutDate(readFileSync(join(folder, evalDir, name), 'utf8'))] as const);

/** Trains the run that is evaluated. */
async function trained(): Promise<void> {
  if (existsSync(join(folder, 'run'))) return;
  await copySynthetic(dataDir);
  const { code, errors } = await cifar10([
    ...['train', '--dataset', 'synthetic', '--data-dir', dataDir, '--train-dir', join(folder, 'run')],
    ...['--engine', 'onnx', '--batch-size', '8', '--max-steps', '4', '--summary-steps', '0', ...smallNetwork],
  ]);
  assert.equal(code, 0, errors);
}

/** @param sizes the numbers of processes with which to evaluate */
export function testEvaluationOf(vendor: Vendor, sizes: readonly number[]): void {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;
  const short = vendor.replace(' ', '');

  describe(`evaluation as a job of ${vendor}`, { skip }, () => {
    before(trained);

    test('gives the files of one process, and reports once', async () => {
      const alone = await cifar10(evaluate(`${short}-alone`, '--run-once', '--report'));
      assert.equal(alone.code, 0, alone.errors);
      for (const size of sizes) {
        const words = evaluate(`${short}-${size}`, '--run-once', '--report', '--json');
        const { code, output, errors } = await mpirun(vendor, size, [main, ...words]);
        assert.equal(code, 0, errors);
        assert.deepEqual(reports(`${short}-${size}`), reports(`${short}-alone`));
        assert.equal(output.match(/"kind":"evaluation"/g)?.length, 1, output);
        assert.match(output, new RegExp(`"ranks":${size},`));
      }
    });

    test('a command that several processes cannot execute is refused, with one message', async () => {
      const { code, output, errors } = await mpirun(vendor, 2, [main, 'bench']);
      assert.deepEqual([code, output], [2, '']);
      assert.equal(errors.match(/started 2 processes, but several processes at once/g)?.length, 1, errors);
    });
  });
}

/** Tests how evaluations end, and commands that only the first process executes. */
export function testOtherCommandsOf(vendor: Vendor): void {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : false;

  describe(`commands as a job of ${vendor}`, { skip }, () => {
    before(trained);

    for (const rank of [0, 1])
      test(`a watching evaluation ends when process ${rank} is asked to stop`, async () => {
        const dir = `${vendor.replace(' ', '')}-watching-${rank}`;
        const log = JSON.stringify(join(folder, dir, 'evaluations.jsonl'));
        // Stops a while after the first result.
        const script = `
          import { existsSync } from 'node:fs';
          const { PMI_RANK, OMPI_COMM_WORLD_RANK } = process.env;
          const stop = () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 1000).unref();
          const watch = () => existsSync(${log}) && (clearInterval(timer), stop());
          const timer = (OMPI_COMM_WORLD_RANK ?? PMI_RANK) === '${rank}' && setInterval(watch, 50).unref();
        `;
        const stopper = `--import=data:text/javascript,${encodeURIComponent(script)}`;
        const words = evaluate(dir, '--eval-interval-secs', '1000', '--json');
        const { code, output, errors } = await mpirun(vendor, 2, [main, ...words], { NODE_OPTIONS: stopper });
        assert.notEqual(code, 0);
        const ends = output.split('\n').filter((line) => line.includes('"kind":"evaluated"'));
        assert.equal(ends.length, 1, output + errors);
        assert.match(ends[0] ?? '', /"stopped":true/);
      });

    test('the search for a learning rate finds that of one process', async () => {
      const search = [
        ...['train', '--find-learning-rate', '--dataset', 'synthetic', '--data-dir', dataDir, '--json'],
        ...['--engine', 'onnx', '--batch-size', '16', ...smallNetwork],
      ];
      const foundIn = (output: string) => output.match(/"kind":"learningRateFound".*/g) ?? [];
      const alone = await cifar10(search);
      const { code, output, errors } = await mpirun(vendor, 2, [main, ...search]);
      assert.equal(code, alone.code, errors);
      assert.deepEqual(foundIn(output), foundIn(alone.output));
      assert.equal(foundIn(output).length, 1);
    });

    test('download, inspect, help and version print once', async () => {
      const commands: readonly (readonly [readonly string[], RegExp])[] = [
        [['download', '--dataset', 'synthetic', '--data-dir', dataDir], /already exists/g],
        [['inspect', 'graph'], /softmax_linear/g],
        [['--version'], /^\d+\.\d+/gm],
        [['train', '--help'], /^Usage:/gm],
      ];
      for (const [words, line] of commands) {
        const { code, output, errors } = await mpirun(vendor, 2, [main, ...words]);
        assert.equal(code, 0, errors);
        assert.equal(output.match(line)?.length, 1, output);
      }
    });
  });
}
