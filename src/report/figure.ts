/** A diagram with everything that belongs to it: a title and a description for readers who do not see it, a caption, and a table
 * with its numbers. */
import { type Content, type Markup, markup } from './markup.ts';

export interface Figure {
  /** Distinguishes the figure from the others of the page. */
  readonly id: string;
  readonly title: string;
  /** What the diagram shows, in a sentence or two. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly drawing: Content;
  readonly caption?: Content;
  /** The numbers that the diagram shows. */
  readonly numbers?: Markup;
}

export function figure({ id, title, description, width, height, drawing, caption, numbers }: Figure): Markup {
  return markup`<figure id="${id}">
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc" xmlns="http://www.w3.org/2000/svg">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
${drawing}
</svg>
${caption === undefined ? undefined : markup`<figcaption>${caption}</figcaption>`}
${numbers === undefined ? undefined : markup`<details><summary>${title} as a table</summary>${numbers}</details>`}
</figure>`;
}

export interface Column {
  readonly head: Content;
  /** Whether the cells are numbers, which are aligned at the right. */
  readonly isNumber?: boolean;
}

/** Returns a table. The first cell of each row names the row. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const kind = (index: number) => (columns[index]?.isNumber === true ? markup` class="n"` : undefined);
  const cell = (content: Content, index: number) =>
    index === 0
      ? markup`<th scope="row"${kind(index)}>${content}</th>`
      : markup`<td${kind(index)}>${content}</td>`;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ head }, index) => markup`<th scope="col"${kind(index)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

/** A name in running text. Its direction, such as that of Arabic, does not affect the text around it. */
export function name(text: string): Markup {
  return markup`<bdi>${text}</bdi>`;
}
