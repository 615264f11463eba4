/** Checks pages of reports. */

/** Returns a page without its date, the only part that differs between two reports of the same evaluation. */
export function withoutDate(page: string): string {
  return page.replaceAll(/<time datetime="[^"]+">[^<]+<\/time>/g, '');
}

/** An element or a text of a page. */
export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Node | string)[];
}

const tag = /^<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/;
const entities: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&lt;': '<', '&gt;': '>' },
  ...{ '&quot;': '"', '&#39;': "'" },
};

/** Parses a page as XML, with only the entities that `escapedHtml` writes.
 * @throws Error with the place, for a page that is not well-formed */
export function parsePage(page: string): Node {
  const start = '<!DOCTYPE html>';
  if (!page.startsWith(start)) throw new Error('the page does not begin with its document type');
  const root: Node = { name: '', attributes: {}, children: [] };
  const open: Node[] = [root];
  for (let at = start.length; at < page.length; ) {
    const parent = open.at(-1) ?? root;
    const next = page[at] === '<' ? at : page.indexOf('<', at);
    if (next !== at) {
      parent.children.push(unescaped(page.slice(at, next < 0 ? page.length : next)));
      at = next < 0 ? page.length : next;
      continue;
    }
    // A match of the rest of a long page is expensive only for tags with long attributes, such as pictures.
    const [whole, slash, name = '', attributes = '', closed] =
      tag.exec(page.slice(at, page.indexOf('>', at) + 1)) ?? [];
    if (whole === undefined) throw new Error(`not a tag: ${page.slice(at, at + 80)}`);
    at += whole.length;
    if (slash === '/') {
      if (open.pop()?.name !== name)
        throw new Error(`</${name}> closes another element: ${page.slice(at - 200, at)}`);
      continue;
    }
    const node: Node = { name, attributes: attributesIn(attributes), children: [] };
    parent.children.push(node);
    if (closed !== '/') open.push(node);
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return root;
}

function attributesIn(text: string): Readonly<Record<string, string>> {
  const found = [...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, unescaped(value)] as const,
  );
  if (new Set(found.map(([name]) => name)).size < found.length)
    throw new Error(`an attribute occurs twice: ${text}`);
  return Object.fromEntries(found);
}

function unescaped(text: string): string {
  return text.replaceAll(/&[^;]{0,10};?/g, (entity) => {
    const character = entities[entity];
    if (character === undefined) throw new Error(`not an entity: ${entity}`);
    return character;
  });
}

/** Returns all elements with this name, in order. */
export function elements(node: Node, name: string): readonly Node[] {
  return node.children.flatMap((child) =>
    typeof child === 'string' ? [] : [...(child.name === name ? [child] : []), ...elements(child, name)],
  );
}

/** Returns the text in an element. */
export function textIn(node: Node): string {
  return node.children.map((child) => (typeof child === 'string' ? child : textIn(child))).join('');
}
