import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../../../testing/examples.ts';
import { program } from '../../../testing/program.ts';
import { copySynthetic } from '../../../testing/synthetic.ts';

test('a run leaves no machine ID and no telemetry in the home folder', () =>
  inTemporaryFolder(async (folder) => {
    const home = join(folder, 'home');
    mkdirSync(home);
    await copySynthetic(join(folder, 'data'));
    const words = [
      'train',
      '--dataset',
      'synthetic',
      '--engine',
      'onnx',
      '--max-steps',
      '1',
      '--batch-size',
      '8',
    ];
    const where = ['--data-dir', join(folder, 'data'), '--train-dir', join(folder, 'run')];
    const environment = { HOME: home, USERPROFILE: home, XDG_CACHE_HOME: join(home, 'cache') };
    const { code, errors } = await program([...words, ...where], undefined, folder, environment);
    assert.equal(code, 0, errors);
    assert.deepEqual(readdirSync(home), []);
  }));
