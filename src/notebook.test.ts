import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errorsOfText } from './testing/compile.ts';
import { readNotebook, resultsOf } from './testing/notebook.ts';

/** Checks the notebook without running it, which notebook.slow.ts does. */
const root = fileURLToPath(new URL('../', import.meta.url));
const file = join(root, 'examples', 'notebook.ipynb');
const notebook = readNotebook(file);

/** The part of Deno's global object that the notebook uses. */
const deno = `
type Show = (texts: TemplateStringsArray, ...values: unknown[]) => object;
declare const Deno: {
  readonly jupyter: { readonly html: Show; readonly md: Show; readonly svg: Show };
  readTextFile(path: string): Promise<string>;
};
`;

test('the cells of the notebook compile together with the types of the library', () => {
  const cells = notebook.cells.filter(({ cell_type }) => cell_type === 'code');
  assert.ok(cells.length > 4);
  const text = cells.map(({ source }) => source.join('')).join('\n');
  const compiled = (program: string) =>
    errorsOfText(deno + program.replace("'cifar10-ts'", JSON.stringify(join(root, 'dist', 'index.js'))), {
      isolatedDeclarations: false,
    });
  assert.equal(compiled(text), '');
  assert.match(compiled(text.replace('maxSteps:', 'maxStep:')), /'maxStep' does not exist/);
});

test('the notebook is for the kernel of Deno, and contains small results of the generated set', () => {
  assert.equal(notebook.nbformat, 4);
  assert.equal(notebook.metadata.kernelspec.name, 'deno');
  assert.ok(statSync(file).size < 60_000);
  assert.ok(notebook.cells.some(({ source }) => source.join('').includes("const dataset = 'synthetic';")));
  const results = resultsOf(notebook);
  assert.match(results, /precision @ 1 = 0[.]\d{3} \(\d+ of 2000 test images\)/);
  assert.match(results, /<svg /);
  assert.match(results, /<table>.*<th>circle<\/th>/s);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /(?<![.\w])\/(?:home|root|tmp|work|Users)\//);
});
