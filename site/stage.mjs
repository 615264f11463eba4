// @ts-check
/**
 * Writes the pages of the site to a folder from which VitePress builds it: the pages of the repository with their links adapted,
 * their pictures, the landing page, and a page for each other file or folder of the repository to which one of them links. The
 * latter are written as HTML, because there are hundreds of them, and VitePress would take a minute.
 *
 * ```text
 * docs/predict.md, README.md …   ──►  predict.md, overview.md …
 * docs/pictures/terminal.png     ──►  public/pictures/terminal.png
 * src/model/network.ts           ──►  public/source/src/model/network--ts.html  the text of the file
 * src/model/networks             ──►  public/source/src/model/networks.html     the list of its files
 * ```
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { pages } from './contents.mjs';
import { replaceLinks, sourcePage } from './links.mjs';

/** Writes all pages except those of TypeDoc.
 * @param {string} root the folder of the repository
 * @param {string} into
 * @throws Error when a page links to a file that does not exist */
export function stage(root, into) {
  /** @type {Set<string>} */
  const shown = new Set();
  /** @param {string} path @param {string} text */
  const write = (path, text) => {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    writeFileSync(join(into, path), text);
  };
  /** @param {string} file @param {string} text */
  const adapt = (file, text) => replaceLinks(text, (target) => adapted(root, file, target, shown));

  for (const { file, route } of pages)
    write(`${route}.md`, adapt(file, readFileSync(join(root, file), 'utf8')));
  write('index.md', adapt('README.md', landingPage(root)));
  mkdirSync(join(into, 'public', 'pictures'), { recursive: true });
  for (const picture of readdirSync(join(root, pictures)))
    copyFileSync(join(root, pictures, picture), join(into, 'public', 'pictures', picture));
  copyFileSync(join(root, 'site', 'source.css'), join(into, 'public', 'source.css'));
  for (const path of shown) write(join('public', sourcePage(path)), sourceHtml(root, path, shown));
}

/** The folder of the pictures that pages show. */
const pictures = 'docs/pictures';

/** The target of a link on the site.
 * @param {string} root
 * @param {string} file the file that contains the link
 * @param {string} target
 * @param {Set<string>} shown gets the path, if a page for its text is needed */
function adapted(root, file, target, shown) {
  const [written = '', anchor] = target.split('#');
  if (written === '') return target;
  const path = posix.join(posix.dirname(file), written).replace(/\/$/, '');
  if (path.startsWith('..') || !existsSync(join(root, path)))
    throw new Error(`${file} links to ${target}: ${path} does not exist`);
  const page = pages.find((other) => other.file === path);
  if (page !== undefined) return `/${page.route}.md${anchor === undefined ? '' : `#${anchor}`}`;
  if (posix.dirname(path) === pictures) return `/pictures/${posix.basename(path)}`;
  shown.add(path);
  return `/${sourcePage(path)}`;
}

/** The landing page. A line `<!-- README: Results -->` in index.md is replaced with that section of the README, so that the
 * numbers are written in one place.
 * @param {string} root */
function landingPage(root) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return readFileSync(join(root, 'site', 'index.md'), 'utf8').replaceAll(
    /^<!-- README: (.*) -->$/gm,
    (_, /** @type {string} */ title) => {
      const section = readme.split(/^(?=## )/m).find((text) => text.startsWith(`## ${title}\n`));
      if (section === undefined) throw new Error(`site/index.md: the README has no section "${title}"`);
      return section;
    },
  );
}

/** The page of a file or folder: its lines with numbers, or the list of its files.
 * @param {string} root @param {string} path @param {ReadonlySet<string>} shown the paths that have a page */
function sourceHtml(root, path, shown) {
  const toRoot = '../'.repeat(sourcePage(path).split('/').length - 1);
  const isFolder = statSync(join(root, path)).isDirectory();
  const body = isFolder ? listHtml(root, path, shown) : linesHtml(readFileSync(join(root, path), 'utf8'));
  return `<!doctype html>
<html lang="en-US">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(path)} | cifar10</title>
<link rel="stylesheet" href="${toRoot}source.css">
</head>
<body>
<header><a href="${toRoot}index.html">cifar10</a> <h1>${escaped(path)}</h1></header>
${body}
</body>
</html>
`;
}

/** @param {string} text */
function linesHtml(text) {
  const lines = text.trimEnd().split('\n');
  return `<pre><code>${lines.map((line) => `<span>${escaped(line)}</span>`).join('\n')}</code></pre>`;
}

/** Lists a folder. Files with a page of their own are links.
 * @param {string} root @param {string} folder @param {ReadonlySet<string>} shown */
function listHtml(root, folder, shown) {
  const toRoot = '../'.repeat(sourcePage(folder).split('/').length - 1);
  const items = readdirSync(join(root, folder)).map((name) => {
    const path = posix.join(folder, name);
    return `<li>${shown.has(path) ? `<a href="${toRoot}${sourcePage(path)}">${escaped(name)}</a>` : escaped(name)}</li>`;
  });
  return `<ul>\n${items.join('\n')}\n</ul>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
