import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../../../testing/examples.ts';
import { program } from '../../../testing/program.ts';

test('a run leaves no machine ID and no telemetry in the home folder', () =>
  inTemporaryFolder(async (folder) => {
    const home = join(folder, 'home');
    mkdirSync(home);
    const where = ['--data-dir', join(folder, 'data'), '--train-dir', join(folder, 'run')];
    const environment = { HOME: home, USERPROFILE: home, XDG_CACHE_HOME: join(home, 'cache') };
    const { code, errors } = await program(['doctor', ...where], undefined, folder, environment);
    assert.equal(code, 0, errors);
    assert.deepEqual(readdirSync(home), []);
    assert.ok(!existsSync(join(folder, 'data')), 'it does not create a folder either');
  }));
