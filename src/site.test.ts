import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inTemporaryFolder } from './testing/examples.ts';

/** The parts of `npm run docs` that need no packages: the contents, the pages made of the repository, the check of the result. */
const root = fileURLToPath(new URL('../', import.meta.url));
const module = (name: string) => import(new URL(`../site/${name}.mjs`, import.meta.url).href);
const { pages } = (await module('contents')) as {
  pages: readonly { readonly file: string; readonly route: string; readonly title: string }[];
};
const { replaceLinks, sourcePage } = (await module('links')) as {
  replaceLinks(text: string, replace: (target: string) => string): string;
  sourcePage(path: string): string;
};
const { mergeThrows } = (await module('api')) as { mergeThrows(text: string): string };
const { stage } = (await module('stage')) as { stage(root: string, into: string): void };
const { faultsOf } = (await module('check')) as {
  faultsOf(site: string, base?: string): readonly string[];
};

const filesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

test('every page of docs/ is in the contents of the site, once and under an address of its own', () => {
  const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
  const files = pages.map(({ file }) => file);
  assert.deepEqual(
    files.filter((file) => file.startsWith('docs/')).sort(),
    docs.map((file) => `docs/${file}`),
  );
  assert.equal(new Set(files).size, files.length);
  assert.equal(new Set(pages.map(({ route }) => route)).size, pages.length);
});

test('links in Markdown are adapted, but not those in code, and not addresses on the web', () => {
  const adapted = (text: string) => replaceLinks(text, (target) => `<${target}>`);
  assert.equal(adapted('[a](b.md#c) ![d](e.png)'), '[a](<b.md#c>) ![d](<e.png>)');
  for (const same of [
    '`[a](b.md)`',
    '``[a](b.md) ` ``',
    '```text\n[a](b.md)\n```',
    '[a](https://example.org/b.md)',
    '[a](mailto:b@example.org)',
  ])
    assert.equal(adapted(same), same);
  assert.equal(adapted('`a` [b](c.md) `d`'), '`a` [b](<c.md>) `d`');
  assert.equal(sourcePage('.ci/run'), 'source/ci/run.html');
  assert.equal(sourcePage('src/model/network.ts'), 'source/src/model/network--ts.html');
});

test('all pages are staged, with a page for every file of the repository to which they link', () =>
  inTemporaryFolder(async (folder) => {
    stage(root, folder);
    const files = filesIn(folder);
    for (const { route } of pages) assert.ok(files.includes(`${route}.md`), route);
    const front = readFileSync(join(folder, 'index.md'), 'utf8');
    assert.match(
      front,
      /## Two commands\n[\s\S]*npm start[\s\S]*## Results\n[\s\S]*\| training, images\/s \|/,
    );
    for (const file of files.filter((name) => name.endsWith('.md')))
      replaceLinks(readFileSync(join(folder, file), 'utf8'), (target) => {
        const [path = ''] = target.split('#');
        // The pages in api/ are written by TypeDoc.
        if (path === '' || path.startsWith('/api/')) return target;
        const staged = path.endsWith('.md') ? path : join('public', path);
        assert.ok(existsSync(join(folder, staged)), `${file}: ${target}`);
        return target;
      });
    const source = readFileSync(join(folder, 'public', sourcePage('src/model/network.ts')), 'utf8');
    assert.match(source, /<span>export interface Network \{<\/span>/);
    assert.match(source, /Record&lt;string, number&gt;/);
  }));

test('a link to a file that does not exist stops the build', () =>
  inTemporaryFolder(async (folder) => {
    for (const { file } of pages) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), '# Title\n');
    }
    cpSync(join(root, 'site', 'source.css'), join(folder, 'site', 'source.css'));
    mkdirSync(join(folder, 'docs', 'pictures'));
    writeFileSync(join(folder, 'site', 'index.md'), '# Site\n');
    stage(folder, join(folder, 'staged'));
    writeFileSync(join(folder, 'docs', 'predict.md'), 'See [this](../src/nowhere.ts).\n');
    assert.throws(
      () => stage(folder, join(folder, 'staged')),
      /docs\/predict.md links to ..\/src\/nowhere.ts: src\/nowhere.ts does not exist/,
    );
    writeFileSync(join(folder, 'docs', 'predict.md'), 'See [this](../../outside.md).\n');
    assert.throws(() => stage(folder, join(folder, 'staged')), /does not exist/);
    writeFileSync(join(folder, 'site', 'index.md'), '<!-- README: Nothing -->\n');
    writeFileSync(join(folder, 'docs', 'predict.md'), '');
    assert.throws(() => stage(folder, join(folder, 'staged')), /the README has no section "Nothing"/);
  }));

test('the check of the built site finds dead links, missing anchors, missing pictures and other servers', () =>
  inTemporaryFolder(async (folder) => {
    const html = (body: string) => `<!doctype html><html><body>${body}</body></html>`;
    mkdirSync(join(folder, 'api'));
    writeFileSync(join(folder, 'a.png'), '');
    writeFileSync(join(folder, 'style.css'), 'a { background: url(/a.png) } b { background: url("data:,") }');
    writeFileSync(join(folder, 'api', 'index.html'), html('<h1 id="größe">G</h1>'));
    writeFileSync(
      join(folder, 'index.html'),
      html(
        '<h1 id="top">A</h1><a class="x" href="#top">t</a><a href="/api/#gr%C3%B6%C3%9Fe">u</a><a href="api/index.html">v</a><a href="https://example.org">w</a><img src="/a.png">',
      ),
    );
    assert.deepEqual(faultsOf(folder), []);
    const elsewhere = faultsOf(folder, '/base/');
    assert.ok(elsewhere.some((fault) => /the link \/api\/#gr%C3%B6%C3%9Fe leads to \/api/.test(fault)));
    writeFileSync(
      join(folder, 'api', 'index.html'),
      html(
        '<a href="/b.html">b</a><a href="../index.html#gone">c</a><a href="/index">d</a><img src="b.png"><script src="https://example.org/x.js"></script><link rel="stylesheet" href="//example.org/x.css">',
      ),
    );
    writeFileSync(join(folder, 'style.css'), '@import "https://example.org/font.css"; a { b: url(c.woff2) }');
    const faults = faultsOf(folder);
    for (const expected of [
      /api\/index.html: the link \/b.html leads to b.html, which does not exist/,
      /the link ..\/index.html#gone leads to an anchor that index.html does not have/,
      /the link \/index leads to index, which does not exist/,
      /api\/index.html: loads api\/b.png, which does not exist/,
      /loads https:\/\/example.org\/x.js from another server/,
      /loads \/\/example.org\/x.css from another server/,
      /style.css: loads https:\/\/example.org\/font.css from another server/,
      /style.css: loads c.woff2, which does not exist/,
      /index.html: the link \/api\/#gr%C3%B6%C3%9Fe leads to an anchor/,
    ])
      assert.ok(
        faults.some((fault) => expected.test(fault)),
        `${expected}\n${faults.join('\n')}`,
      );
    assert.equal(faults.length, 9);
  }));

for (const [folder, title] of [
  ['site', 'For the documentation site'],
  ['web', 'For the page of the dashboard'],
] as const)
  test(`docs/dependencies.md lists the packages of ${folder}/ with their versions`, () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      devDependencies: Readonly<Record<string, string>>;
    };
    const page = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8');
    const section = page.split('\n## ').find((part) => part.startsWith(`${title}\n`)) ?? '';
    const rows = [...section.matchAll(/^\| ([\w@/-]+) \| (\d[\w.]*) \|/gm)].map(([, name, version]) => [
      name,
      version,
    ]);
    assert.deepEqual(Object.fromEntries(rows), devDependencies);
  });

test('several sections "Throws" of a function become one', () => {
  const page =
    '## Returns\n\na\n\n## Throws\n\nb\n\n## Throws\n\nc\n\n### x()\n\n#### Throws\n\nd\n\n## Example\n';
  assert.equal(mergeThrows(page), page.replace('## Throws\n\nc', '\nc'));
});
