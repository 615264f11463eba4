import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeSmallRun } from '../../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { findRuns } from './find-runs.ts';

test('a link does not hide the folder that it leads to', () =>
  inTemporaryFolder(async (dir) => {
    writeSmallRun(join(dir, 'runs', 'deep', 'real'));
    symlinkSync(join(dir, 'runs', 'deep', 'real'), join(dir, 'runs', 'a'));
    mkdirSync(join(dir, 'runs', 'z'));
    symlinkSync(join(dir, 'runs', 'deep'), join(dir, 'runs', 'b'));
    const { runs } = await findRuns(join(dir, 'runs'));
    assert.deepEqual(
      runs.map(({ path }) => path),
      ['deep/real'],
    );
  }));
