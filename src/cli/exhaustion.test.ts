/** Tests that there is one clear message and exit code 1 when the machine refuses files, threads or memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { main } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-exhaustion-'));
before(() => copySynthetic(join(folder, 'data')));
after(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;
const train = (...more: readonly string[]) => [
  ...['train', '--dataset', 'synthetic', '--data-dir', join(folder, 'data')],
  ...[
    '--train-dir',
    join(folder, `run-${runs++}`),
    '--max-steps',
    '2',
    '--batch-size',
    '16',
    ...smallNetwork,
    ...more,
  ],
];

interface Limits {
  /** Limits of the shell as `ulimit` takes them, such as `-n 32`. */
  readonly ulimit: string;
  /** The program that starts the shell, with its arguments. */
  readonly as?: readonly string[];
}

/** Runs the program with limits. Returns undefined if Node.js itself does not start with these limits. */
function within({ ulimit, as = [] }: Limits, words: readonly string[]) {
  const shell = `ulimit ${ulimit} && exec "$@"`;
  const [command = '', ...rest] = [...as, 'bash', '--norc', '-c', shell, 'bash', process.execPath];
  const run = (...more: readonly string[]) =>
    spawnSync(command, [...rest, ...more], { encoding: 'utf8', timeout: 60_000 });
  const { status, stderr } = run(main, ...words);
  const hasStarted = status === 0 || stderr.startsWith('cifar10: ') || run('-e', '0').status === 0;
  return hasStarted ? { status, errors: stderr } : undefined;
}

type Outcome = ReturnType<typeof within>;

function assertRefused(outcome: Outcome, message: RegExp): void {
  if (outcome === undefined) return;
  const { status, errors } = outcome;
  assert.equal(status, 1, errors);
  assert.match(errors, message);
  // If a limit is reached only in the first step, the message has a second line about checkpoints.
  assert.match(errors, /^cifar10: .+\n(Nothing was saved\.\n)?$/);
  assert.doesNotMatch(errors, /bug in cifar10|Install oneDNN|npm install|onnxruntime_src|\n\s+at /);
  assert.ok(!errors.includes('\u001b'), 'no colors');
}

const isLinux = process.platform === 'linux';
const hasShell = spawnSync('bash', ['-c', 'ulimit -n']).status === 0;
const variants = engineVariants.filter(({ precision }) => precision === 'float32');
const skip = isLinux && hasShell ? false : 'limits are set here by bash on Linux';

describe('too few file descriptors', { skip }, () => {
  for (const files of [20, 24, 32, 40])
    test(`${files}`, () =>
      assertRefused(
        within({ ulimit: `-n ${files}` }, train()),
        new RegExp(
          `out of file descriptors: this process may have ${files} open files \\(ulimit -n\\).* Raise the limit: `,
        ),
      ));

  test('for 64 readers', () =>
    assertRefused(
      within({ ulimit: '-n 64' }, train('--readers', '64')),
      /out of file descriptors: this process may have 64 open files/,
    ));
});

describe('too little memory', { skip }, () => {
  for (const { title, flags, skip: reason } of variants) {
    test(`for a batch of 16,384 on ${title}`, { skip: reason }, () =>
      assertRefused(
        within({ ulimit: '-v 4500000' }, train('--network', 'cifar10', '--batch-size', '16384', ...flags)),
        /out of memory: (graph train.* needs [\d.]+ GB|.* free of).* ulimit -v .*Use a smaller --batch-size|out of memory/,
      ),
    );
    // Either the threads or the first buffers reach the limit, depending on how much memory Node.js itself needs.
    test(`for the start of ${title}`, { skip: reason }, () => {
      for (const kilobytes of title === 'onnx' ? [1_400_000, 2_300_000] : [2_300_000]) {
        const outcome = within({ ulimit: `-v ${kilobytes}` }, train(...flags));
        if (outcome?.status !== 0) assertRefused(outcome, /out of memory: .*ulimit -v allows/);
        // The run has a single reader thread.
        assert.doesNotMatch(outcome?.errors ?? '', /readers/);
      }
    });
  }
  test('for 64 readers', () =>
    assertRefused(
      within({ ulimit: '-v 8000000' }, train('--readers', '64')),
      /a thread that prepares batches cannot start: out of memory: .*use fewer --readers/,
    ));
});

describe('too few threads', { skip: skip || reasonWithoutUser() }, () => {
  const as = ['setpriv', '--reuid=64999', '--regid=64999', '--clear-groups'];
  before(() => chmodSync(folder, 0o777));
  for (const { title, flags, skip: reason } of variants)
    test(`for ${title}`, { skip: reason }, () => {
      for (const threads of title === 'onnx' ? [12, 15] : [15]) {
        const outcome = within({ ulimit: `-u ${threads}`, as }, train(...flags));
        if (outcome?.status !== 0)
          assertRefused(outcome, new RegExp(`no more threads can be started: this user may run ${threads} `));
      }
    });
  test('for 64 readers', () =>
    assertRefused(
      within({ ulimit: '-u 18', as }, train('--readers', '64')),
      /a thread that prepares batches cannot start: no more threads can be started: .*use fewer --readers/,
    ));
});

/** Returns why the program cannot run as a user other than root, or false if it can. The limit on threads does not apply to
 * root. */
function reasonWithoutUser(): string | false {
  const asUser = ['--reuid=64999', '--regid=64999', '--clear-groups', process.execPath, main, '--version'];
  return spawnSync('setpriv', asUser).status === 0 ? false : 'no other user can run the program here';
}

describe('a folder for temporary files', { skip }, () => {
  const bench = ['bench', '--profile', '--engine', 'onnx', '--steps', '1', '--batch-size', '8'];
  /** Runs the program in this process with another folder for temporary files. */
  async function withTemporary(place: string, words: readonly string[]) {
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = place;
    try {
      return await cifar10(words);
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  }
  for (const [title, where] of [
    ['that does not exist', () => join(folder, 'nowhere')],
    ['that is a file', () => main],
    ['on a read-only file system', () => '/proc'],
  ] as const)
    for (const words of [['bench', '--steps', '2'], bench])
      test(`${title}: ${words.slice(0, 2).join(' ')}`, async () => {
        const { code, errors } = await withTemporary(where(), words);
        assertRefused(
          { status: code, errors },
          /cannot create a folder for temporary files in .*: .*\. Set TMPDIR to a writable folder/,
        );
      });
  test('is left empty', async () => {
    const empty = join(folder, 'tmp');
    mkdirSync(empty);
    assert.equal((await withTemporary(empty, bench)).code, 0);
    assert.deepEqual(readdirSync(empty), []);
  });
});
