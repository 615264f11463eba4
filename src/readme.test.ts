import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { commandTable } from './cli/command-table.ts';
import { datasets } from './data/datasets.ts';
import { writeDataset } from './data/write.ts';
import { engineVariants } from './testing/engines.ts';
import { noiseRecords } from './testing/examples.ts';
import { cifar10 } from './testing/in-process.ts';
import { needsDecoder, writeClass } from './testing/pictures.ts';
import { copySynthetic, smallNetwork } from './testing/synthetic.ts';

/** Runs every `cifar10` command in the shell blocks of the pages, in order, in one folder, with few steps. Files of noise
 * with the right sizes replace CIFAR-10. */
const pages = [
  'README.md',
  'docs/getting-started.md',
  'docs/reproducibility.md',
  'docs/recipes.md',
  'docs/ideas.md',
  'docs/export.md',
  'docs/pictures.md',
  'docs/predict.md',
  'docs/evaluation.md',
  'docs/precision.md',
  'docs/dashboard.md',
];

/** What each command prints on success. */
const wanted: Readonly<Record<string, RegExp>> = {
  download: /is ready|already exists/,
  import: /is ready|already exists/,
  train: /Done at step \d+|Proposed learning rate: \d/,
  eval: /precision @ 1 = \d\.\d{3}/,
  dashboard: /^http:\/\/127\.0\.0\.1:\d+\/ |: [\d,]+ runs?, [\d,]+ files/m,
  sweep: /Precision @ 1 on the held-out images/,
  export: /Written:\n {2}\w/,
  predict: /photos\/cat\/1\.png/,
  bench: /images\/s/,
  inspect: /conv\d|circle|images\/s|steps/,
  doctor: /ok +engine onnx: /,
};

const read = (page: string) => readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');

/** Replaces numbers of steps: two steps, or three where a run of 1,000 or 10,000 steps is continued to twice as many. Batches
 * and networks are small, and only some of the images are evaluated. */
function quick(line: string): string {
  const few = (steps: string) => (steps.startsWith('2') ? 3 : 2);
  const short = line
    .replace(/--max-steps (\d+)/, (_, steps: string) => `--max-steps ${few(steps)}`)
    .replace(/--eval-every \d+/, '--eval-every 1')
    .replace(/--holdout [\d.]+/, '--holdout 0.01')
    .replace(/ --batch-size \d+/, '')
    .replace(/^npx cifar10 eval /, '$&--num-examples 64 ');
  if (short.includes(' --runs '))
    return `${short.replace(/--runs \d+/, '--runs 1').replace(/ --epochs \d+/, '')} --batch-size 8 --max-steps 2`;
  if (/ dashboard .*--logdir \w+$/.test(short)) return `${short} --port 0`;
  if (!/^npx cifar10 (train|sweep) /.test(short)) return short;
  const small = /--network|--recipe/.test(short) ? [] : smallNetwork;
  const narrow = /--recipe (?:airbench|fast|best)(?!.*--width)/.test(short) ? ['--width', '0.25'] : [];
  const end = /--max-steps|--find-learning-rate/.test(short) ? [] : ['--max-steps', '2'];
  return [short, '--batch-size', '8', ...small, ...narrow, ...end].join(' ');
}

/** Returns the commands in the blocks of that language. */
function linesOf(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => line.startsWith('npx cifar10 '));
}

/** Leaves out commands for which this machine has no library or no instructions. */
const runsHere = (line: string) =>
  !(needsDecoder.skip !== undefined && /(data|from|predict) photos| --data data /.test(line)) &&
  !engineVariants.some(
    ({ flags, skip }) => skip !== false && flags.every((word) => line.split(' ').includes(word)),
  );

const folder = mkdtempSync(join(tmpdir(), 'cifar10-pages-'));
before(async () => {
  process.chdir(folder);
  // The dashboard serves this page, so that the real one need not be built.
  process.env['CIFAR10_PAGE'] = join(folder, 'page');
  mkdirSync(join(folder, 'page'));
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html>\n<html><head></head></html>\n');
  await copySynthetic(join(folder, 'data'));
  if (needsDecoder.skip === undefined)
    for (const [index, name] of ['cat', 'dog'].entries()) await writeClass('photos', name, 10, 100 * index);
  const block = noiseRecords(500);
  await writeDataset(join(folder, 'data'), datasets.cifar10, ({ records }) => {
    const copies = new Uint8Array((block.length * records) / 500);
    for (let start = 0; start < copies.length; start += block.length) copies.set(block, start);
    return copies;
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** `doctor` trains with every engine, which takes long and does not depend on the folders, so it is run only once. */
const once = new Set(['doctor']);
const done = new Set<string>();

for (const page of pages) {
  test(`every command in ${page} works as described`, async () => {
    const commands = linesOf(read(page), 'sh').filter(runsHere).map(quick);
    assert.ok(commands.length > 0);
    for (const command of commands) {
      const [, , name = ''] = command.split(' ');
      if (once.has(name) && done.has(name)) continue;
      done.add(name);
      const outcome = await cifar10(command.split(' ').slice(2), (line, kill) => {
        if (/Ctrl-C ends/.test(line)) kill('SIGINT');
      });
      assert.equal(outcome.code, 0, `${command}\n${outcome.errors}`);
      const errors = outcome.errors.replace(/^warning: float16 is not fast .*\n/m, '');
      assert.equal(errors, '', command);
      assert.match(outcome.output, wanted[name] ?? /nothing is known of this command/, command);
    }
  });
}

test('every command of every page is run here, unless the page says that it needs network access or a GPU', () => {
  const all = readdirSync(new URL('../docs/', import.meta.url)).filter((file) => file.endsWith('.md'));
  const run = new Set(pages.flatMap((page) => linesOf(read(page), 'sh')));
  for (const page of ['README.md', 'CONTRIBUTING.md', ...all.map((file) => `docs/${file}`)]) {
    // A block belongs to the paragraphs before and after it.
    const around = /(?:[^\n]+\n)+\n```\w*\n.*?```\n(?=(\n(?:[^\n]+\n)+)?)/gs;
    for (const [before, after = ''] of read(page).matchAll(around)) {
      const part = before + after;
      const typed = /^(?:\$ )?(?:npx )?cifar10 |^npm start/;
      const lines = [...part.matchAll(/```\w*\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
      for (const line of lines.filter((text) => typed.test(text)))
        assert.ok(run.has(line) || /network access|need a GPU/.test(part), `${page}: ${line}`);
    }
    assert.doesNotMatch(read(page), /^(?:\$ )?cifar10 /m, `${page}: in a clone the command is npx cifar10`);
    const inText = read(page).replaceAll(/```.*?```/gs, '');
    assert.doesNotMatch(
      inText,
      /`cifar10 \w+ [^`]*--\w+ [^`]*`/,
      `${page}: complete commands belong in blocks`,
    );
  }
});

test('examples and pages name only commands that exist', () => {
  const files = ['examples', 'docs'].flatMap((folder) =>
    readdirSync(new URL(`../${folder}/`, import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:mjs|py|md|html)$/.test(file) && !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`),
  );
  assert.ok(files.includes('examples/train-folder.mjs'));
  for (const file of files)
    for (const [, name = ''] of read(file).matchAll(/(?:npx|`)\s*cifar10(?:-ts)? ([a-z]+)/g))
      assert.ok(name in commandTable || name === 'help', `${file}: cifar10 ${name}`);
});

test('every npm command of the README is a script of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [, run, name = ''] of read('README.md').matchAll(/^npm (run )?([a-z]\w+)/gm)) {
    assert.ok(['ci', 'install'].includes(name) || scripts[name], `npm ${run ?? ''}${name}`);
  }
});

test('nothing packs without building first: `.npmrc` disables the scripts of `npm pack`', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  const pages = readdirSync(new URL('../docs', import.meta.url)).filter((file) => file.endsWith('.md'));
  for (const file of ['README.md', 'CONTRIBUTING.md', 'Dockerfile', ...pages.map((page) => `docs/${page}`)])
    assert.doesNotMatch(read(file), /\bnpm (?:pack|publish)\b/, file);
});
