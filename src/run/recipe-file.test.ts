import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../errors.ts';
import { recipes } from '../recipe/recipes.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { readRecipeFile, writeRecipeFile } from './recipe-file.ts';
import { inRecipe, readRecipe } from './recipe-source.ts';

test('a recipe file is a regular file of moderate size, in UTF-8', async () => {
  await inTemporaryFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    mkdirSync(at('folder.toml'));
    writeFileSync(at('large.toml'), '#'.repeat(65_537));
    writeFileSync(at('latin.toml'), Buffer.from([0x23, 0xe9, 0x0a]));
    if (process.platform !== 'win32') execFileSync('mkfifo', [at('fifo.toml')]);
    const refused = [
      ['missing.toml', /missing\.toml: cannot read the recipe: the file does not exist$/],
      ['folder.toml', /folder\.toml: cannot read the recipe: is a folder, not a regular file$/],
      ['large.toml', /large\.toml: cannot read the recipe: is too large: found 65,537 bytes, /],
      ['latin.toml', /latin\.toml: the recipe is not UTF-8 text$/],
      ...(process.platform === 'win32'
        ? []
        : ([['fifo.toml', /cannot read the recipe: is a FIFO, not a regular file$/]] as const)),
    ] as const;
    for (const [name, message] of refused)
      await assert.rejects(readRecipeFile(at(name)), { name: 'RunError', message });

    writeFileSync(at('good.toml'), '\ufeffseed = 3 # größer\n');
    symlinkSync(at('good.toml'), at('link.toml'));
    for (const name of ['good', 'link'])
      assert.deepEqual(await readRecipeFile(at(`${name}.toml`)), { name, seed: 3, hyperparameters: {} });
    writeFileSync(at('named.toml'), 'name = "wide"');
    assert.equal((await readRecipeFile(at('named.toml'))).name, 'wide');
  });
});

test('the file of a run says how to repeat the run, and which changes would make a repetition differ', async () => {
  await inTemporaryFolder(async (folder) => {
    const { metadata } = sampleCheckpoint(3);
    const trainDir = join(folder, "a'b\u202e");
    mkdirSync(trainDir);
    const history = ['step 100: learningRate: 0.1, now 0.05'];
    await writeRecipeFile(
      { ...metadata, ...recipes.tutorial, length: { maxSteps: 7 }, history },
      { trainDir, dataDir: 'my data' },
    );
    const text = readFileSync(join(trainDir, 'recipe.toml'), 'utf8');
    assert.match(text, /^# .*--recipe '[^\n]*recipe\.toml' --data-dir 'my data' --train-dir FOLDER$/m);
    assert.match(text, /^# {3}step 100: learningRate: 0\.1, now 0\.05$/m);
    assert.ok(!text.includes('\u202e'));
    assert.equal((await readRecipeFile(join(trainDir, 'recipe.toml'))).maxSteps, 7);
  });
});

test('an error because of a recipe file names the keys of the file', async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, 'r.toml');
    writeFileSync(path, '');
    const given = await readRecipe(path);
    const refuse = () => {
      throw new UsageError('`towers: 9`, `engine: onnx`, `batchSize` and `dataDir: x`');
    };
    assert.throws(() => inRecipe(given, refuse), {
      name: 'RunError',
      message: `${path}: towers = 9, engine = "onnx", batch_size and \`dataDir: x\``,
    });
  });
});
