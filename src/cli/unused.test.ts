/** Fails if no code reads a flag or hyperparameter that has a record. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { hyperparameterNames } from '../recipe/hyperparameters.ts';
import { readsIn } from '../testing/definitions.ts';
import { isTestFile } from '../testing/test-files.ts';
import { flagTable } from './flag-table.ts';

const source = new URL('../../src/', import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !isTestFile(path) && !path.startsWith('testing/'))
  .map((path) => ({ path, reads: readsIn(readFileSync(new URL(path, source), 'utf8')) }));

/** Returns the names that no file reads, other than those that declare them. */
function unused(names: readonly string[], declaredIn: RegExp, among = /./): readonly string[] {
  const readers = files.filter(({ path }) => among.test(path) && !declaredIn.test(path));
  return names.filter((name) => !readers.some(({ reads }) => reads.has(name)));
}

describe('is read by some code', () => {
  const recipe: readonly string[] = hyperparameterNames;
  // Shorthands are read as the flags that they stand for.
  const flags = Object.entries(flagTable).filter(([, flag]) => !('standsFor' in flag));
  const ownFlags = flags.map(([name]) => name).filter((name) => !recipe.includes(name));

  test('every flag', () => {
    assert.deepEqual(
      unused([...ownFlags, 'noSuchFlag'], /^cli\/flag(-table|s\/)/, /^(cli|run|export|predict|inspect)\//),
      ['noSuchFlag'],
    );
  });
  test('every hyperparameter', () => {
    assert.deepEqual(unused([...recipe, 'noSuchNumber'], /^(recipe|cli)\//), ['noSuchNumber']);
  });
});
