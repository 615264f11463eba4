/** Compares docs/recipes.md with the recipes of the program. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Flag } from './cli/flag.ts';
import { flagTable } from './cli/flag-table.ts';
import { networkNames } from './model/networks.ts';
import { trainingDefaults } from './recipe/defaults.ts';
import { recipeNames, recipes } from './recipe/recipes.ts';
import { givenBy } from './run/recipe-source.ts';
import { parseRecipe, recipeKeys } from './run/recipe-toml.ts';
import { snakeCase } from './wording.ts';

const page = readFileSync(new URL('../docs/recipes.md', import.meta.url), 'utf8');

/** Returns the cells of the rows of a table, by its heading. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const [, table = ''] = page.split(`${heading}\n`);
  const lines = table.split('\n').slice(1);
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
const plain = (cell = '') => cell.replaceAll('`', '');

test('the page on recipes has a row for every key of a recipe file, with the value of the tutorial', () => {
  const rows = rowsBelow('| key | in the tutorial | what it is |');
  assert.deepEqual(rows.map(([key]) => plain(key)).sort(), [...recipeKeys].sort());
  const { network, hyperparameters, length, ...recipe } = recipes.tutorial;
  const defaults = { ...trainingDefaults, ...recipe, ...hyperparameters, ...length, network: network.name };
  const byKey = new Map(Object.entries(defaults).map(([name, value]) => [snakeCase(name), String(value)]));
  for (const [key, value] of rows)
    assert.equal(plain(value), plain(key) === 'groups' ? '' : (byKey.get(plain(key)) ?? ''), key);
});

test('the rows of choices on the page name every choice', () => {
  const choices = Object.entries<Flag>(flagTable).flatMap(([name, flag]) =>
    'choices' in flag && flag.choices !== undefined && recipeKeys.includes(snakeCase(name))
      ? [[snakeCase(name), flag.choices] as const]
      : [],
  );
  assert.ok(choices.length >= 7, String(choices.map(([key]) => key)));
  const rows = new Map(
    rowsBelow('| key | in the tutorial | what it is |').map(([key, , text = '']) => [plain(key), text]),
  );
  for (const [key, names] of [...choices, ['network', networkNames] as const]) {
    const words: readonly string[] = rows.get(key)?.match(/\w+/g) ?? [];
    assert.deepEqual(
      names.filter((name) => !words.includes(name)),
      [],
      key,
    );
  }
});

test('the page on recipes has a row for every named recipe, with its network', () => {
  const rows = rowsBelow('| recipe | network | what it is |');
  assert.deepEqual(
    rows.map(([name, network]) => [plain(name), plain(network)]),
    recipeNames.map((name) => [name, recipes[name].network.name]),
  );
  assert.ok(rows.every(([, network]) => networkNames.includes(plain(network))));
});

test('the recipe file on the page is a recipe', () => {
  const [, example = ''] = /```toml\n([\s\S]*?)```/.exec(page) ?? [];
  const { recipe, run } = givenBy(parseRecipe(example, 'docs/recipes.md'));
  assert.deepEqual(recipe.network, { name: 'resnet', configuration: { depth: 8, dropout: 0 } });
  assert.equal(recipe.hyperparameters.optimizer, 'adamw');
  assert.equal(recipe.groups[0]?.match, '*/beta');
  assert.equal(run.dataset, 'synthetic');
});
