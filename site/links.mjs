// @ts-check
/**
 * Links of a Markdown page, outside of code. On the site they lead to its pages. A link to another file of the repository leads to a
 * page with the text of that file, so that the site needs no other server.
 */

/** Fenced code, code in a line, or the target of a link. Code comes first, so that links in code are not found. */
const codeOrLink = /^ *(```+)[^\n]*\n[\s\S]*?^ *\1[^\n]*$|(`+)[^`][\s\S]*?\2|\]\(([^)\s]+)\)/gm;

/** Replaces the targets of links in Markdown that are not addresses on the web.
 * @param {string} text
 * @param {(target: string) => string} replace */
export function replaceLinks(text, replace) {
  return text.replaceAll(codeOrLink, (whole, _fence, _ticks, /** @type {string | undefined} */ target) =>
    target === undefined || /^[a-z]+:/.test(target) ? whole : `](${replace(target)})`,
  );
}

/** The page that shows a file or folder of the repository. Dots become --, so that .ci is not hidden, and so that VitePress does not
 * take index.md (or index-md) for the page of its folder.
 * @param {string} path such as src/model/network.ts
 * @returns {string} such as source/src/model/network--ts.html */
export function sourcePage(path) {
  return `source/${path.replaceAll(/(^|\/)\./g, '$1').replaceAll('.', '--')}.html`;
}
