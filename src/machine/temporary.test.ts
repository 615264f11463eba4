import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeTemporaryFolder, removeTemporaryFolders } from './temporary.ts';

const before = process.env['TMPDIR'];
const folder = mkdtempSync(join(tmpdir(), 'cifar10-temporary-'));
after(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(folder, { recursive: true });
});

test('the folder is created in TMPDIR', () => {
  process.env['TMPDIR'] = folder;
  const made = makeTemporaryFolder('cifar10-x-');
  assert.ok(made.startsWith(join(folder, 'cifar10-x-')));
  assert.deepEqual(readdirSync(made), []);
});

test('folders that still exist at the end of the process are removed with their contents', () => {
  process.env['TMPDIR'] = folder;
  const made = [makeTemporaryFolder('cifar10-left-'), makeTemporaryFolder('cifar10-left-')];
  writeFileSync(join(made[0] ?? '', 'file'), '');
  rmSync(made[1] ?? '', { recursive: true });
  removeTemporaryFolders();
  assert.ok(readdirSync(folder).every((name) => !name.startsWith('cifar10-left-')));
});

test('the error for a TMPDIR that is missing or a file says what to do', () => {
  writeFileSync(join(folder, 'file'), '');
  for (const [path, cause] of [
    [join(folder, 'nowhere'), 'it does not exist'],
    [join(folder, 'file'), 'it is not a folder'],
  ] as const) {
    process.env['TMPDIR'] = path;
    assert.throws(() => makeTemporaryFolder('cifar10-x-'), {
      name: 'RunError',
      message: `cannot create a folder for temporary files in ${path}: ${cause}. Set TMPDIR to a writable folder.`,
    });
  }
});

test('too little space is refused with both sizes, and no folder is left behind', () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  process.env['TMPDIR'] = empty;
  assert.throws(() => makeTemporaryFolder('cifar10-x-', 2 ** 60), {
    name: 'RunError',
    message:
      /^too little space for temporary files in .*: found [\d.]+ [MG]B, expected at least 1073741824\.0 GB\. Set TMPDIR/,
  });
  assert.deepEqual(readdirSync(empty), []);
});
