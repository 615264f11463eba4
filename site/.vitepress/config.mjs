// @ts-check
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { groups } from '../contents.mjs';

const api = fileURLToPath(new URL('../build/pages/api', import.meta.url));

/** The anchor of a heading, as the links of the pages in docs/ expect it: lower case, without punctuation, - for spaces.
 * @param {string} heading */
const anchorOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');

/** The sidebar of the pages that TypeDoc wrote: the modules, whose folders have an index.md, and in each of them the folders of its
 * functions, classes and types.
 * @returns {import('vitepress').DefaultTheme.SidebarItem[]} */
function apiItems() {
  const modules = readdirSync(api, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('index.md'))
    .map((file) => dirname(file))
    .filter((folder) => folder !== '.')
    .sort();
  return modules.map((module) => ({
    text: module,
    link: `/api/${module}/`,
    items: readdirSync(join(api, module), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !modules.includes(join(module, entry.name)))
      .map(({ name }) => ({ text: titleOf(name), collapsed: true, items: pagesIn(`${module}/${name}`) }))
      .sort((a, b) => a.text.localeCompare(b.text, 'en')),
  }));
}

/** @param {string} folder of api/, such as cifar10-ts/functions */
function pagesIn(folder) {
  const names = readdirSync(join(api, folder)).map((file) => file.replace(/\.md$/, ''));
  return names
    .sort((a, b) => a.localeCompare(b, 'en'))
    .map((name) => ({ text: name, link: `/api/${folder}/${name}` }));
}

/** @param {string} folder such as type-aliases */
function titleOf(folder) {
  const words = folder.replaceAll('-', ' ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/** A convolution: an image and its window. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0f766e"/><path d="M3 3h7v7H3z" fill="#5eead4"/><path d="M6.5 6.5h6.5v6.5H6.5z" fill="none" stroke="#fff" stroke-width="1.5"/></svg>`;

/** Makes the browser itself load the pages of source files, which are not pages of VitePress.
 * @param {import('vitepress').MarkdownRenderer} renderer */
function openSourcePages({ renderer: { rules } }) {
  const open = rules.link_open;
  rules.link_open = (tokens, index, ...others) => {
    const isSource = tokens[index]?.attrGet('href')?.startsWith('/source/');
    const html = open?.(tokens, index, ...others) ?? '';
    return isSource ? html.replace('<a ', '<a target="_self" ') : html;
  };
}

export default defineConfig({
  title: 'cifar10',
  description: 'Train, watch and evaluate convolutional image classifiers in TypeScript on Node.js.',
  lang: 'en-US',
  srcDir: 'build/pages',
  outDir: 'dist',
  cacheDir: 'build/cache',
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  metaChunk: true,
  // The search index is one file.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify: anchorOf },
    toc: { slugify: anchorOf },
    config: openSourcePages,
    theme: { light: 'github-light', dark: 'github-dark' },
  },
  themeConfig: {
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Results', link: '/results' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      '/api/': apiItems(),
      '/': groups.map(({ title, pages }) => ({
        text: title,
        items: pages.map((page) => ({ text: page.title, link: `/${page.route}` })),
      })),
    },
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    docFooter: { prev: 'Previous page', next: 'Next page' },
  },
});
