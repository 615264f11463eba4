/** Fails if no code reads a flag or hyperparameter that has a record. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { hyperparameterNames } from '../recipe/hyperparameters.ts';
import { flagTable } from './flag-table.ts';

const source = new URL('../../src/', import.meta.url);
const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !/\.(test|slow)\.ts$|^testing\//.test(path))
  .map((path) => ({ path, text: withoutProse(readFileSync(new URL(path, source), 'utf8')) }));

/** Removes comments, and strings of several words. */
function withoutProse(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replace(/'[^'\n]* [^'\n]*'/g, (prose) => (/['"`$(){}=]/.test(prose.slice(1, -1)) ? prose : ''));
}

/** The names that occur only in the files that declare them. */
function unused(names: readonly string[], declaredIn: RegExp, among = /./): readonly string[] {
  const read = texts.filter(({ path }) => among.test(path) && !declaredIn.test(path));
  return names.filter((name) => !read.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text)));
}

describe('is read by some code', () => {
  const recipe: readonly string[] = hyperparameterNames;
  const flags = Object.entries(flagTable).filter(([, flag]) => 'kind' in flag);
  const ownFlags = flags.map(([name]) => name).filter((name) => !recipe.includes(name));

  test('every flag', () => {
    assert.deepEqual(unused([...ownFlags, 'noSuchFlag'], /^cli\/flag-table/, /^(cli|run)\//), ['noSuchFlag']);
  });
  test('every hyperparameter', () => {
    assert.deepEqual(unused([...recipe, 'noSuchNumber'], /^(recipe|cli)\//), ['noSuchNumber']);
  });
});
