import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { programOf } from './command.ts';
import { inTemporaryFolder } from './testing/examples.ts';

test('a clone suggests npx cifar10, a dependency npx cifar10-ts', () =>
  inTemporaryFolder(async (folder) => {
    assert.equal(programOf({ packageFolder: join(folder, 'clone'), path: [] }), 'npx cifar10');
    const dependency = join(folder, 'project', 'node_modules', 'cifar10-ts');
    assert.equal(programOf({ packageFolder: dependency, path: [] }), 'npx cifar10-ts');
  }));

test(
  'a command on the path suggests cifar10 if it starts this package',
  { skip: process.platform === 'win32' },
  () =>
    inTemporaryFolder(async (folder) => {
      const packageFolder = join(folder, 'lib', 'node_modules', 'cifar10-ts');
      const bin = join(folder, 'bin');
      mkdirSync(join(packageFolder, 'dist'), { recursive: true });
      mkdirSync(bin);
      writeFileSync(join(packageFolder, 'dist', 'main.js'), '');
      symlinkSync(join(packageFolder, 'dist', 'main.js'), join(bin, 'cifar10'));
      assert.equal(programOf({ packageFolder, path: ['', '/nowhere', bin] }), 'cifar10');
      const shims = join(folder, 'shims');
      mkdirSync(shims);
      writeFileSync(join(shims, 'cifar10'), 'exec node "$dir/node_modules/cifar10-ts/bin/cifar10.mjs" "$@"');
      assert.equal(programOf({ packageFolder, path: [shims] }), 'cifar10');
    }),
);

test('another program of the same name, and the folders that npx adds to the path, do not count', () =>
  inTemporaryFolder(async (folder) => {
    const bin = join(folder, 'bin');
    const added = join(folder, 'project', 'node_modules', '.bin');
    const packageFolder = join(folder, 'clone');
    for (const path of [bin, added, packageFolder]) mkdirSync(path, { recursive: true });
    writeFileSync(join(bin, 'cifar10'), '#!/usr/bin/env python3');
    writeFileSync(join(packageFolder, 'main.js'), '');
    if (process.platform !== 'win32') symlinkSync(join(packageFolder, 'main.js'), join(added, 'cifar10'));
    assert.equal(programOf({ packageFolder, path: [bin, added] }), 'npx cifar10');
  }));

test("Yarn's Plug'n'Play has its own command, and adds a folder to the path that only Yarn uses", () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'cifar10'), `exec node /cache/node_modules/cifar10-ts/bin/cifar10.mjs "$@"`);
    const packageFolder = '/home/a/.yarn/berry/cache/cifar10-ts.zip/node_modules/cifar10-ts';
    assert.equal(programOf({ packageFolder, path: [folder], plugAndPlay: true }), 'yarn cifar10');
  }));

test('a clone is recognized even if its path contains node_modules in a name', () => {
  assert.equal(
    programOf({ packageFolder: join('/a', 'my_node_modules', 'cifar10'), path: [] }),
    'npx cifar10',
  );
});
