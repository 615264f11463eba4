import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RandomStream } from '../tensor/random.ts';
import { survive, type Victim } from '../testing/kill-storm.ts';
import { findLauncher, mpirun, mpiVendors, startJob } from '../testing/mpirun.ts';
import { main } from '../testing/program.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** The number of kills in each job. `CIFAR10_KILLS=8 npm run test:soak -- rank-storm` kills 32 processes. */
const kills = Number(process.env['CIFAR10_KILLS'] ?? 1);
const steps = 60;
const folder = mkdtempSync(join(tmpdir(), 'cifar10-rank-storm-'));
const data = join(folder, 'data');
before(() => copySynthetic(data));
after(() => rmSync(folder, { recursive: true, force: true }));

const words = (name: string) => [
  ...[main, 'train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', join(folder, name)],
  ...['--batch-size', '16', '--max-steps', `${steps}`, '--checkpoint-steps', '5', '--log-frequency', '1'],
];
const final = (name: string) => readFileSync(join(folder, name, `model.ckpt-${steps}.safetensors`));

for (const vendor of mpiVendors) {
  const launcher = findLauncher(vendor);
  const skip = 'missing' in launcher ? launcher.missing : process.platform !== 'linux' && 'there is no /proc';
  for (const size of [2, 3])
    test(`a job of ${vendor} whose ${size} processes are killed at random ends with the bytes of an undisturbed job`, {
      skip,
    }, async (context) => {
      const whole = `${vendor}-${size}-whole`;
      const started = performance.now();
      const undisturbed = await mpirun(vendor, size, words(whole));
      assert.equal(undisturbed.code, 0, undisturbed.errors);
      const wholeMillis = performance.now() - started;
      const stream = new RandomStream(kills, 'test', size, mpiVendors.indexOf(vendor));
      const reports: string[] = [];
      for (let run = 0, killed = 0; killed < kills; run++) {
        const name = `${vendor}-${size}-${run}`;
        const start = (onLine: (line: string) => void): Victim => {
          const { outcome, kill } = startJob(vendor, size, words(name), onLine);
          return { outcome, kill: () => kill(stream.below(size)) };
        };
        const survived = await survive({
          start,
          kills: Math.min(4, kills - killed),
          steps,
          stream,
          wholeMillis,
        });
        const { starts } = survived;
        killed += survived.killed;
        reports.push(`${survived.killed} kills, starts at steps ${starts.join(', ')}`);
        assert.ok(
          starts.every((step) => step % 5 === 0),
          `starts at ${starts.join(', ')}`,
        );
        assert.ok(final(name).equals(final(whole)), name);
      }
      context.diagnostic(reports.join('; '));
    });
}
