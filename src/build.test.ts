import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

const root = new URL('../', import.meta.url);
const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  bin: Readonly<Record<string, string>>;
};

test('every build leaves a program that can be executed, as npx does', {
  skip: process.platform === 'win32',
}, () => {
  const program = new URL(bin['cifar10'] ?? '', root);
  assert.equal(statSync(program).mode & 0o777, 0o755);
  assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
});
