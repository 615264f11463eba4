import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Environment } from '../collective/mpi/launcher.ts';
import { commandTable, isCommandName } from './command-table.ts';
import { isFlagOf } from './flag.ts';
import { flagTable } from './flag-table.ts';
import { Membership } from './membership.ts';

const names = Object.keys(commandTable).filter(isCommandName);
const openMpi = (rank: number, size: number): Environment => ({
  OMPI_COMM_WORLD_RANK: `${rank}`,
  OMPI_COMM_WORLD_SIZE: `${size}`,
});

test('the commands whose processes work together, and only those, take --collective', () => {
  const takesFlag = names.filter((name) => isFlagOf(flagTable.collective, name));
  assert.deepEqual(
    takesFlag,
    names.filter((name) => commandTable[name].inJob === 'together'),
  );
});

test('docs/scale.md says of each command what the processes of a job do', () => {
  const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const name of names) {
    const row = rows.find((line) => new RegExp(`^\\|[^|]*\`${name}[ \`]`).test(line)) ?? '';
    assert.notEqual(row, '', name);
    const { inJob } = commandTable[name];
    assert.equal(row.includes('refused'), typeof inJob === 'object', name);
    assert.equal(row.includes('rank 0 alone'), inJob === 'first', name);
  }
});

test('a job executes a command in all processes, in the first one, or not at all', () => {
  const [first, second] = [0, 1].map((rank) => new Membership(['x'], openMpi(rank, 2)));
  assert.deepEqual([first?.executes('x', 'together'), second?.executes('x', 'together')], [true, true]);
  assert.deepEqual([first?.executes('x', 'first'), second?.executes('x', 'first')], [true, false]);
  assert.deepEqual([first?.isFirst, second?.isFirst], [true, false]);
  for (const member of [first, second])
    assert.throws(() => member?.executes('x', { refused: 'it cannot be divided' }), {
      name: 'UsageError',
      message:
        /^x: Open MPI's mpirun started 2 processes, but it cannot be divided\. Start a single process: /,
    });
});

test('a process alone executes every command: without a launcher, as a job of one process, and with --collective none', () => {
  const alone = [
    new Membership(['bench'], {}),
    new Membership(['bench'], openMpi(0, 1)),
    new Membership(['eval', '--collective', 'none'], openMpi(1, 2)),
    new Membership(['train', '--seed', '1', '--collective=none'], openMpi(1, 2)),
    new Membership(['train', '--collective', 'mpi', '--collective', 'none'], openMpi(1, 2)),
  ];
  for (const member of alone) {
    assert.ok(member.executes('bench', { refused: 'reason' }));
    assert.ok(member.isFirst && !member.isMember);
  }
  const inJob = [
    // `inspect` does not take the flag.
    ['inspect', '--collective', 'none'],
    // The last value counts.
    ['train', '--collective', 'none', '--collective=auto'],
    // This is the value of another flag.
    ['train', '--train-dir', 'runs --collective none'],
    ['train', '--collective=none-such'],
  ];
  for (const words of inJob) assert.ok(!new Membership(words, openMpi(1, 2)).isFirst, words.join(' '));
});
