import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writtenName } from './cli/flag.ts';
import { flagTable } from './cli/flag-table.ts';
import { parseCommandLine } from './cli/parse.ts';
import * as library from './node.ts';
import { definitionsIn } from './testing/definitions.ts';
import { isTestFile } from './testing/test-files.ts';

/** Compares the pages with the program: what they name must exist, and the commands that they contain must be valid. */
const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const exists = (path: string) => existsSync(join(root, path));
const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

/** Fenced code blocks: the info string, and the lines between the fences. */
const fence = /^ *```(.*)\n([\s\S]*?)^ *```$/gm;

const map = 'docs/tutorial-map.md';
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
].map((page) => ({ page, text: read(page), prose: withoutCode(read(page)) }));

interface Block {
  /** The info string, such as `sh`. */
  readonly language: string;
  readonly lines: readonly string[];
}

function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(fence)].map(([, language = '', body = '']) => ({
    language: language.trim(),
    lines: body.split('\n').map((line) => line.trim()),
  }));
}

function withoutCode(text: string): string {
  return text.replaceAll(fence, '');
}

/** Returns the targets of all links and pictures. */
function linksOf(prose: string): readonly string[] {
  return matches(prose, /\]\(([^)\s]+)\)/g).filter((target) => !/^[a-z]+:/.test(target));
}

/** Returns the anchors of a page: its headings in lower case, without punctuation, with - for spaces. */
function anchorsOf(path: string): readonly string[] {
  return matches(withoutCode(read(path)), /^#+ +(.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Returns what is wrong with a link of a page, or undefined if nothing is. */
function problemOf(page: string, link: string): string | undefined {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file));
  if (path.startsWith('..') || !exists(path)) return `${link}: ${path} does not exist`;
  if (anchor === undefined || anchorsOf(path).includes(anchor)) return undefined;
  return `${link}: ${path} has no such heading`;
}

/** The files of the program and those that only tests use, as paths relative to src/. */
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const pageSources = readdirSync(join(root, 'web', 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file),
);
const files = [...sources.map((file) => `/src/${file}`), ...pageSources.map((file) => `/web/src/${file}`)];
const definitions = new Set([
  ...Object.keys(library),
  ...sources
    .filter((file) => !isTestFile(file))
    .flatMap((file) => [...definitionsIn(read(join('src', file)))]),
]);
/** Operators of ONNX, types of pages, and placeholder names. */
const namesOfOthers = ['ConvTranspose', 'ImageData', 'x.ts', 'x.test.ts'];

/** Whether something that a page quotes exists. A source file is recognized by the end of its path, and a definition by a
 * name in camel case, whether it is alone, called, or a member. Anything else counts as existing. */
function isKnown(quoted: string): boolean {
  if (namesOfOthers.includes(quoted)) return true;
  if (/^[\w./-]+\.tsx?$/.test(quoted)) return files.some((file) => file.endsWith(`/${quoted}`));
  const [, name = ''] = /^(?:\w+\.)?(\w+)(?:\(.*\))?$/.exec(quoted) ?? [];
  return !/[a-z][A-Z]/.test(name) || definitions.has(name) || name in globalThis;
}

describe('every page', () => {
  for (const { page, text, prose } of pages) {
    test(`${page} links to files and headings that exist`, () => {
      const problems = linksOf(prose).map((link) => problemOf(page, link));
      assert.deepEqual(
        problems.filter((problem) => problem !== undefined),
        [],
      );
    });

    test(`${page} names files of src that exist`, () => {
      const named = matches(prose, /`(src\/[\w./-]+)`/g);
      assert.deepEqual(
        named.filter((path) => !exists(path)),
        [],
      );
    });

    // json.md names events, which json.test.ts checks. The other pages also name things that are not ours, or no longer exist.
    if (!/json|CHANGELOG|dependencies|tutorial-map/.test(page))
      test(`${page} names sources and definitions that exist`, () => {
        const quoted = matches(prose, /`([^`\n]+)`/g);
        assert.deepEqual(
          quoted.filter((name) => !isKnown(name)),
          [],
        );
      });

    test(`${page} gives only valid commands`, () => {
      const typed = blocksOf(text).filter(({ language }) => language !== 'text');
      for (const line of typed.flatMap(({ lines }) => lines)) {
        const [, words] = /^(?:\$ )?(?:npx )?cifar10(?: +([^#]*))?(?:#.*)?$/.exec(line) ?? [];
        if (words === undefined) continue;
        assert.doesNotThrow(() => parseCommandLine(words.split(' ').filter((word) => word !== '')), line);
        if (/^train .*--dataset synthetic/.test(words)) assert.match(words, /--clip-norm 5/, line);
      }
    });
  }

  test('is really checked: links, paths and commands are found', () => {
    assert.ok(pages.length >= 7, 'pages');
    assert.ok(pages.flatMap(({ prose }) => linksOf(prose)).length > 100, 'links');
    assert.ok(
      pages.some(({ text }) => blocksOf(text).some(({ language }) => language === 'sh')),
      'blocks',
    );
  });

  test('is refused if it names a file or a definition that does not exist', () => {
    for (const known of [
      'lower.ts',
      'src/docs.test.ts',
      'printGraph(graph)',
      'builder.watch(name)',
      '--flag',
    ])
      assert.ok(isKnown(known), known);
    for (const gone of ['higher.ts', 'src/lower.ts', 'ower.ts', 'drawPictures', 'builder.watchAll(name)'])
      assert.ok(!isKnown(gone), gone);
  });

  test('broken links and missing headings are found', () => {
    assert.equal(problemOf(map, 'deviations.md'), undefined);
    assert.equal(problemOf('README.md', `${map}#cifar10py`), undefined);
    assert.match(problemOf(map, 'nowhere.md') ?? '', /docs\/nowhere\.md does not exist/);
    assert.match(problemOf(map, '../../outside.md') ?? '', /does not exist/);
    assert.match(problemOf('README.md', `${map}#nowhere`) ?? '', /no such heading/);
  });
});

test('the precision after 1,000 steps on the generated set is the same everywhere', () => {
  const places: readonly (readonly [page: string, words: RegExp])[] = [
    ['bench/RESULTS.md', /`npm start` does\) \| (0\.\d+) /g],
    ['README.md', /On the generated set, `npm start` ends with precision @ 1 = (0\.\d+)/g],
    ['docs/getting-started.md', /: precision @ 1 = (0\.\d+)/g],
    ['src/data/synthetic/generate.ts', /has a precision @ 1 of (0\.\d+) on the 2,000 test images/g],
  ];
  const told = places.map(([page, words]) => matches(read(page), words)[0]);
  assert.ok(told[0] !== undefined);
  for (const [index, [page]] of places.entries()) assert.equal(told[index], told[0], page);
});

describe('every row of the map of the tutorial', () => {
  const rows = matches(read(map), /^(\| .* \|)$/gm)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .filter(([, theirs]) => theirs !== 'r0.11')
    .map(([, theirs = '', ours = '', test = '']) => ({ theirs, ours, test }));
  /** The files that a cell links to, with their texts. */
  const filesOf = (cell: string) =>
    linksOf(cell).map((link) => {
      const path = normalize(join(dirname(map), link));
      return { path, text: exists(path) ? read(path) : '' };
    });

  test('names an existing test, with words from its name', () => {
    assert.ok(rows.length > 60);
    for (const { theirs, test } of rows) {
      const tests = filesOf(test);
      assert.ok(tests.length > 0, `${theirs} names no test`);
      for (const { path, text } of tests) assert.ok(path.endsWith('.test.ts') && text !== '', path);
      const quoted = matches(test, /"([^"]+)"/g);
      assert.ok(quoted.length >= tests.length, `${theirs} does not quote the name of the test`);
      for (const words of quoted)
        assert.ok(
          tests.some(({ text }) => text.includes(words)),
          `${theirs}: no test name contains "${words}"`,
        );
    }
  });

  test('names definitions of the counterpart, each in the file before it', () => {
    for (const { theirs, ours } of rows) {
      assert.ok(linksOf(ours).length > 0, theirs);
      for (const part of ours.split(';')) {
        const [file] = filesOf(part);
        const names = matches(part, /`([^`]+)`/g);
        assert.ok(file !== undefined && names.length > 0, `${theirs}: ${part}`);
        for (const name of names)
          assert.ok(definitionsIn(file.text).has(name), `${theirs}: ${file.path} does not define ${name}`);
      }
    }
  });

  test('has a counterpart, and every flag of the tutorial is a flag here', () => {
    const names = Object.keys(flagTable).map(writtenName);
    for (const { theirs, ours } of rows) {
      assert.doesNotMatch(ours, /^(later)?$/i, theirs);
      const [flag] = matches(theirs, /^`--(\w+)`/g);
      if (flag !== undefined && flag !== 'num_gpus')
        assert.ok(names.includes(flag.replaceAll('_', '-')), flag);
    }
  });
});
