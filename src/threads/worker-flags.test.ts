import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerFlags } from './worker-flags.ts';

test('threads inherit only the flags that are needed to find packages', () => {
  assert.deepEqual(
    workerFlags(['--input-type=module', '--inspect-brk', '--import', './mine.js', '-e', '1']),
    [],
  );
  assert.deepEqual(
    workerFlags([
      '-r',
      '/a b/.pnp.cjs',
      '--experimental-loader=file:///a/.pnp.loader.mjs',
      '--require',
      './own.cjs',
    ]),
    ['-r', '/a b/.pnp.cjs', '--experimental-loader', 'file:///a/.pnp.loader.mjs'],
  );
});
