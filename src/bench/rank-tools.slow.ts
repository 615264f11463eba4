/** Tests the tools that measure jobs (tools/ranks): that they run, and that the model recovers what its measurements were made of. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { engineCase } from '../testing/engines.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { findLauncher, mpiVendors } from '../testing/mpirun.ts';

const hasTorch = spawnSync('python3', ['-c', 'import torch']).status === 0;
const isMissing = mpiVendors.every((vendor) => 'missing' in findLauncher(vendor));
const { skip } = engineCase('onednn');

function tool(name: string, ...words: readonly string[]): string {
  const program = fileURLToPath(new URL(`../../tools/ranks/${name}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('the model recovers the constants that the measurements were made with', () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, 'scaling.json');
    const [a, b, local, alpha, beta] = [2, 0.5, 1e-7, 0.04, 1e-6];
    const compute = [8, 32, 128].map((images) => ({ precision: 'float32', images, millis: a + b * images }));
    const sums = [1, 2, 3, 4].flatMap((ranks) =>
      [1, 1000, 1_000_000].map((values) => {
        const bytes = 4 * values;
        const passes = (2 * (ranks - 1)) / ranks;
        const millis = bytes * local + alpha * Math.ceil(Math.log2(ranks)) + beta * passes * bytes;
        return { transport: 'TCP', ranks, values, millis };
      }),
    );
    const facts = { time: 'now', machine: 'a test', cores: 4, batch: 128 };
    writeFileSync(file, JSON.stringify({ ...facts, compute, sums }));
    const output = tool('scaling_model.mjs', file, '--latency', '10');
    assert.match(output, /\| TCP \| 0\.40 \(0\.40\) \| 4\.44 \(4\.44\) .* \| 40 µs \| 1\.00 GB\/s \|/);
    assert.match(output, /a = 2\.00 ms and b = 0\.500 ms per image/);
    assert.doesNotMatch(output, /Was the machine quiet/);
    // 2 processes, 128 images, 10 Gbit/s: 2 + 32 + 0.4 + 0.04 + 0.01 + 4 + 3.2 = 41.65 ms; one process: 66 ms.
    assert.match(output, /^\| 2 \| 3073 \(1\.6 ×\) \//m);
    assert.match(output, /^\| 2 \| 18% \//m);
    // The efficiency of 49 images on 2 processes is 80%: (2 + 0.5·B) / (2·(9.65 + 0.25·B)) = 0.8 for B = 134.4.
    assert.match(output, /^\| 2 \| 135 \(68\) \|/m);
  }));

test('measurements of jobs contain what the model needs', { skip: isMissing ? 'no MPI' : skip }, () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, 'scaling.json');
    tool('measure_scaling.mjs', file, '--steps', '1', '--warm-up', '1', '--repeats', '2', '--rounds', '1');
    const { compute, sums, steps } = JSON.parse(readFileSync(file, 'utf8'));
    for (const { millis } of [...compute, ...sums, ...steps]) assert.ok(millis > 0);
    assert.ok(compute.some(({ precision }: { precision: string }) => precision === 'float32'));
    assert.match(tool('scaling_model.mjs', file), /Smallest batch with an efficiency of 80%/);
  }),
);

for (const what of ['towers', 'torch'])
  test(`compare ${what} runs, and says what is missing`, { skip }, () => {
    const output = tool(
      'compare.mjs',
      what,
      '--rounds',
      '1',
      '--steps',
      '2',
      '--warm-up',
      '1',
      '--batch',
      '8',
    );
    if (what === 'torch' && !hasTorch) return assert.match(output, /skipped: PyTorch is not installed/);
    assert.match(output, /^2 towers: \d+\.\d ms per step/m);
    for (const vendor of mpiVendors) {
      const found = findLauncher(vendor);
      if ('missing' in found) assert.ok(output.includes(`skipped: ${found.missing}`), output);
      else assert.match(output, new RegExp(`^2 processes \\(${vendor}\\): .* × as fast as`, 'm'));
    }
  });
