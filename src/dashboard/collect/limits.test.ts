import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SummaryValue } from '../../summary/event.ts';
import { frameRecord } from '../../summary/record-file.ts';
import {
  eventFileName,
  scalarRecord,
  summaryRecord,
  versionRecord,
  writeSmallRun,
} from '../../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { openSource } from '../dashboard.ts';
import { findRuns } from './find-runs.ts';
import { largestRecord, longestTag, mostTags, roomBeside } from './limits.ts';
import { readPieceHere } from './read-piece.ts';
import { Run } from './run.ts';

async function readRecords(dir: string, records: readonly Uint8Array[], room = roomBeside([])): Promise<Run> {
  writeFileSync(join(dir, eventFileName), Buffer.concat([versionRecord(), ...records]));
  const [found] = (await findRuns(dir)).runs;
  assert.ok(found);
  const run = new Run(found);
  await run.refresh(found, readPieceHere, room);
  return run;
}

test('tags that are too long or too many are left out with a remark, and the list of runs stays whole', () =>
  inTemporaryFolder(async (dir) => {
    const values = Array.from(
      { length: mostTags + 5 },
      (_, at): SummaryValue => ({ tag: `t${at}`, kind: 'scalar', value: at }),
    );
    const long = 'x'.repeat(longestTag + 1);
    writeSmallRun(join(dir, 'good'));
    writeSmallRun(join(dir, 'bad'));
    const run = await readRecords(join(dir, 'bad'), [scalarRecord(long, 1, 1), summaryRecord(1, ...values)]);
    assert.equal(run.scalars.size, mostTags);
    assert.deepEqual(
      [run.pointsOf('t0')?.values[0], run.pointsOf(`t${mostTags - 1}`)?.values[0], run.pointsOf(long)],
      [0, mostTags - 1, undefined],
    );
    assert.match(run.remarks.join('\n'), /tags longer than 1,000 bytes.*\n.*only the first 10,000 tags/);
    const { runs } = (await openSource(dir)).list(true);
    assert.deepEqual(
      runs.map(({ path, scalars }) => [path, scalars.length]),
      [
        ['bad', mostTags],
        ['good', 2],
      ],
    );
  }));

test('a record that is too large is skipped with a remark', () =>
  inTemporaryFolder(async (dir) => {
    const run = await readRecords(dir, [
      scalarRecord('loss', 1, 1),
      frameRecord(new Uint8Array(largestRecord)),
      scalarRecord('loss', 2, 2),
    ]);
    assert.deepEqual([...(run.pointsOf('loss')?.steps ?? [])], [1, 2]);
    assert.match(run.remarks.join(), /a record of 67,108,880 bytes is too large/);
  }));

test('what all runs may hold is shared', () =>
  inTemporaryFolder(async (dir) => {
    const records = [scalarRecord('a', 1, 1), scalarRecord('a', 2, 1), scalarRecord('b', 3, 1)];
    const run = await readRecords(dir, records, { points: 2, located: 0, tags: 2 });
    assert.deepEqual([run.points, run.tagCount], [2, 2]);
    assert.match(run.remarks.join(), /too many values/);
    const other = await readRecords(dir, records, { points: 9, located: 0, tags: 1 });
    assert.deepEqual([other.points, other.tagCount], [2, 1]);
    const left = roomBeside([run]);
    const all = roomBeside([]);
    assert.deepEqual([all.points - left.points, all.tags - left.tags], [2, 2]);
  }));

test('tags with the same hash are different tags', () =>
  inTemporaryFolder(async (dir) => {
    // Found by search: FNV-1a with 32 bits gives both texts of each pair the same hash.
    const tags = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke'];
    const records = [0, 1].flatMap((step) => tags.map((tag, at) => scalarRecord(tag, step, at)));
    const run = await readRecords(dir, records);
    assert.deepEqual(
      tags.map((tag) => [...(run.pointsOf(tag)?.values ?? [])]),
      tags.map((_, at) => [at, at]),
    );
  }));
