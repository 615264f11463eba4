/** Runs examples/notebook.ipynb in Deno's Jupyter kernel. Deno comes from the npm registry, and the client of the kernel from pip. The
 * test is skipped with the reason if they are missing. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readNotebook, resultsOf } from './testing/notebook.ts';
import { execute, root, type Tools, tools } from './testing/projects.ts';

const work = mkdtempSync(join(tmpdir(), 'cifar10-notebook-'));
after(() => rmSync(work, { recursive: true, force: true }));

const deno = tools('deno', ['deno@2']);
const client = pythonPackages(deno, ['jupyter_client', 'nbformat']);

/** Installs packages of Python in a folder of the tools. Returns why they are missing if that fails. */
function pythonPackages({ path, skip }: Tools, packages: readonly string[]): Tools {
  const folder = join(path, 'python');
  if (skip !== false || existsSync(join(folder, 'nbformat'))) return { path: folder, skip };
  const words = ['-m', 'pip', 'install', '--quiet', '--target', folder, ...packages];
  const { code, text } = execute('python3', words, path);
  return { path: folder, skip: code === 0 ? false : `cannot be installed: ${text.slice(-500)}` };
}

/** Deno's program is in a package of the platform. */
function program(): string {
  const platforms = join(deno.path, 'node_modules', '@deno');
  const [platform = ''] = readdirSync(platforms);
  return join(platforms, platform, process.platform === 'win32' ? 'deno.exe' : 'deno');
}

test('all cells of the notebook run in the kernel of Deno, and show a chart, a confusion matrix and the report', {
  skip: client.skip,
}, () => {
  const output = join(work, 'notebook.ipynb');
  const tool = join(root, 'tools', 'run_notebook.py');
  const notebook = join(root, 'examples', 'notebook.ipynb');
  const outcome = execute('python3', [tool, program(), notebook, output, '--steps', '3'], root, {
    PYTHONPATH: client.path,
    HOME: work,
  });
  assert.equal(outcome.code, 0, outcome.text);
  const results = resultsOf(readNotebook(output));
  assert.match(results, /^Step 3: .*model[.]ckpt-3[.]safetensors$/m);
  assert.match(results, /loss of 3 steps/);
  assert.match(results, /precision @ 1 = 0[.]\d{3} \(\d+ of 2000 test images\)/);
  assert.match(results, /<table>.*<th>circle<\/th>/s);
  assert.match(results, /<iframe srcdoc="<!doctype html>/i);
});
