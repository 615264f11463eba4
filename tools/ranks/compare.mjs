// @ts-check
/**
 * Compares how fast processes train together, in alternating rounds. Needs a build (`npm run build`) and a quiet machine.
 *
 *     node tools/ranks/compare.mjs towers      jobs of 2 processes (Open MPI, MPICH) with 2 towers in one process
 *     node tools/ranks/compare.mjs torch       the same with PyTorch's DistributedDataParallel in 2 processes of one thread
 *
 * Flags: --precision bfloat16, --engine onnx, --batch 128 (images of all processes), --rounds 8, --steps 100 (timed in each
 * round), --warm-up 20 (steps before them). What is not installed is skipped.
 */
import { parseArgs } from 'node:util';
import { compare, hasTorch, inTemporaryFolder, launchers, torchMillis, trainingMillis } from './runs.mjs';

const { values, positionals } = parseArgs({
  options: {
    ...{ engine: { type: 'string', default: 'onednn' }, precision: { type: 'string', default: 'float32' } },
    ...{ batch: { type: 'string', default: '128' }, rounds: { type: 'string', default: '8' } },
    ...{ steps: { type: 'string', default: '100' }, 'warm-up': { type: 'string', default: '20' } },
  },
  allowPositionals: true,
});
const [what = ''] = positionals;
if (!['towers', 'torch'].includes(what)) {
  console.error(`compare ${what}: expected "towers" or "torch"`);
  process.exit(2);
}
const { engine, precision } = values;
const [batch, steps, warmUp] = [values.batch, values.steps, values['warm-up']].map(Number);
const flags = ['--engine', engine, '--precision', precision];

await inTemporaryFolder(async (folder) => {
  const options = { folder, batch: batch ?? 128, steps: steps ?? 100, warmUp: warmUp ?? 20 };
  const towers = {
    title: '2 towers',
    run: () => trainingMillis({ words: [] }, { ...options, flags: [...flags, '--towers', '2'] }),
  };
  const jobs = [...launchers()].map(([vendor, launch]) => ({
    title: `2 processes (${vendor})`,
    run: () => trainingMillis(launch(2), { ...options, flags: [...flags, '--towers', '1'] }),
  }));
  const only = `channels_last banded ${precision === 'bfloat16' ? 'bf16' : 'fp32'}`;
  const torch = {
    title: 'PyTorch DDP',
    run: () => torchMillis(`--steps ${steps} --warm-up ${warmUp} --only "${only}"`, options.batch),
  };
  console.log(`${engine} ${precision}, batch of ${batch} images, ${steps} steps in each round\n`);
  if (what === 'towers') await compare([towers, ...jobs], Number(values.rounds));
  else if (hasTorch()) await compare([torch, ...jobs, towers], Number(values.rounds));
});
