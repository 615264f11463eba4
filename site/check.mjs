// @ts-check
/**
 * Checks the built site: every link and every picture leads to a file of the site, every anchor to an element of that page, and no
 * page loads anything from another server. (VitePress itself only checks that linked pages exist.)
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Returns what is wrong, one line for each fault.
 * @param {string} site the folder of the built site
 * @param {string} base the path of the site on its server, which starts and ends with / */
export function faultsOf(site, base = '/') {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  const pages = new Map(
    files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, contentsOf(readFileSync(join(site, file), 'utf8'))]),
  );
  const styles = files.filter((file) => file.endsWith('.css'));
  return [
    ...[...pages].flatMap(([file, { links, loads }]) => [
      ...links.flatMap((link) => faultOfLink(site, base, pages, file, link)),
      ...loads.flatMap((address) => faultOfLoad(site, base, file, address)),
    ]),
    ...styles.flatMap((file) => {
      const addresses = readFileSync(join(site, file), 'utf8').matchAll(
        /url\(["']?([^"')]+)|@import\s+["']([^"']+)/g,
      );
      return [...addresses].flatMap(([, url, imported]) =>
        faultOfLoad(site, base, file, url ?? imported ?? ''),
      );
    }),
  ];
}

/** @typedef {{ readonly links: readonly string[], readonly loads: readonly string[], readonly ids: ReadonlySet<string> }} Contents */

/** The addresses to which a page links, those that it loads, and the ids of its elements.
 * @param {string} html @returns {Contents} */
function contentsOf(html) {
  const tags = [...html.matchAll(/<([a-z][\w-]*)((?:\s+[^\s"'=<>]+(?:="[^"]*"|='[^']*')?)*)\s*\/?>/g)].map(
    ([, name = '', text = '']) => ({ name, attributes: attributesOf(text) }),
  );
  const all = (/** @type {string} */ name, /** @type {string} */ attribute) =>
    tags.flatMap((tag) => (tag.name === name ? (tag.attributes.get(attribute) ?? []) : []));
  return {
    links: all('a', 'href'),
    loads: [...all('link', 'href'), ...all('img', 'src'), ...all('script', 'src'), ...all('iframe', 'src')],
    ids: new Set(tags.flatMap(({ attributes }) => attributes.get('id') ?? [])),
  };
}

/** @param {string} text */
function attributesOf(text) {
  const found = [...text.matchAll(/([^\s"'=<>]+)="([^"]*)"/g)];
  return new Map(found.map(([, name = '', value = '']) => [name, decoded(value)]));
}

/** @param {string} value the value of an attribute, in HTML */
function decoded(value) {
  const named = /** @type {Readonly<Record<string, string>>} */ ({ amp: '&', lt: '<', gt: '>', quot: '"' });
  return value
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll(/&(amp|lt|gt|quot);/g, (_, name) => named[name] ?? '');
}

/** @param {string} site @param {string} base @param {ReadonlyMap<string, Contents>} pages @param {string} page @param {string} link */
function faultOfLink(site, base, pages, page, link) {
  if (/^(https?|mailto):/.test(link)) return [];
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : fileOf(base, page, path);
  if (!isFile(site, file)) return [`${page}: the link ${link} leads to ${file}, which does not exist`];
  if (!anchor || !file.endsWith('.html')) return [];
  const isThere = pages.get(file)?.ids.has(decodeURIComponent(anchor));
  return isThere ? [] : [`${page}: the link ${link} leads to an anchor that ${file} does not have`];
}

/** @param {string} site @param {string} base @param {string} page @param {string} address */
function faultOfLoad(site, base, page, address) {
  if (address.startsWith('data:')) return [];
  if (/^([a-z]+:)?\/\//.test(address)) return [`${page}: loads ${address} from another server`];
  const file = fileOf(base, page, address);
  return isFile(site, file) ? [] : [`${page}: loads ${file}, which does not exist`];
}

/** @param {string} site @param {string} file a path in the site, or one that starts with / if it is outside of the site */
function isFile(site, file) {
  return !file.startsWith('/') && statSync(join(site, file), { throwIfNoEntry: false })?.isFile() === true;
}

/** The file of the site to which an address in a page leads, or a path that starts with / if it is outside of the site.
 * @param {string} base @param {string} page @param {string} address */
function fileOf(base, page, address) {
  const path = decodeURIComponent(address.replace(/[?#].*$/, ''));
  const file = path.startsWith(base)
    ? path.slice(base.length)
    : posix.join(path.startsWith('/') ? '/' : posix.dirname(page), path);
  return file === '' || file === '.' || file.endsWith('/') ? posix.join(file, 'index.html') : file;
}
