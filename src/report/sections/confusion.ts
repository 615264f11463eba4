/** The confusion matrix, and the pairs of classes that are confused most often. */
import { type Confusion, mostFrequent } from '../../evaluation/confusion.ts';
import { drawConfusion } from '../../summary/draw-confusion.ts';
import { pngUrl } from '../../summary/png.ts';
import { figure, name, table } from '../figure.ts';
import { fitted, widthOf } from '../label.ts';
import { type Markup, markup } from '../markup.ts';
import { percent, roundPercent, whole } from '../numbers.ts';
import type { ReportData } from '../report-data.ts';
import type { Section } from '../sections.ts';
import { textOn } from '../theme.ts';

export const confusionSection: Section = {
  id: 'confusion',
  title: 'Confusion matrix',
  contents: confusion,
};

/** Up to this number of classes, cells contain their numbers. With more classes, the matrix is an image. */
const mostDrawn = 40;
/** Up to this number of classes, all of them are named beside the image. */
const mostNamed = 128;
/** The sides of the whole matrix and of a cell, in pixels. */
const matrixSide = 720;
const [leastCell, largestCell] = [20, 72];
/** The widest name beside the matrix, in ems. */
const widestName = 14;

function confusion(data: ReportData): Markup {
  const isDrawn = data.classes.length <= mostDrawn;
  const pairs = mostFrequent(data.confusion, isDrawn ? 10 : 25);
  return markup`<p>Each row contains the images of one class, each column the images that were predicted as one class. Correct
predictions are on the diagonal, in blue; mistakes are red. The shade shows the fraction of the row.${
    isDrawn
      ? ' A red shade is stronger than its fraction (its square root), so that rare mistakes are visible.'
      : ''
  }</p>
${isDrawn ? drawnMatrix(data) : imageMatrix(data)}
<h3>Most frequent confusions</h3>
${pairs.length === 0 ? markup`<p>No image was predicted as another class.</p>` : pairTable(data, pairs)}`;
}

function pairTable({ classes }: ReportData, pairs: readonly Confusion[]): Markup {
  const nameOf = (index: number) => name(classes[index]?.name ?? '');
  return table(
    'Pairs of classes with the most mistakes',
    [
      { head: 'true class' },
      { head: 'predicted' },
      { head: 'images', isNumber: true },
      { head: 'of the class', isNumber: true },
    ],
    pairs.map(({ label, predicted, count, share }) => [
      ...[nameOf(label), nameOf(predicted), whole(count), percent(share)],
    ]),
  );
}

/** The matrix as a table, for readers who do not see the drawing. */
function matrixTable({ classes, confusion: counts }: ReportData): Markup {
  return table(
    'Numbers of images by true class (rows) and predicted class (columns)',
    [{ head: 'true class' }, ...classes.map((one) => ({ head: name(one.name), isNumber: true }))],
    counts.map((row, label) => [name(classes[label]?.name ?? ''), ...row.map(whole)]),
  );
}

interface Layout {
  readonly cell: number;
  /** The font size of the names. */
  readonly font: number;
  /** The space for names at the left, and above the matrix. */
  readonly left: number;
  readonly top: number;
  readonly isTurned: boolean;
}

function layoutOf(names: readonly string[], cell: number, font: number): Layout {
  const widest = Math.min(widestName, Math.max(...names.map(widthOf))) * font;
  const isTurned = widest > cell - 6;
  const axisTitle = 22;
  return {
    cell,
    font,
    left: widest + 12 + axisTitle,
    top: (isTurned ? widest : font) + 12 + axisTitle,
    isTurned,
  };
}

function drawnMatrix(data: ReportData): Markup {
  const { classes } = data;
  const names = classes.map((one) => one.name);
  const cell = Math.min(largestCell, Math.max(leastCell, Math.floor(matrixSide / classes.length)));
  const layout = layoutOf(names, cell, cell >= 26 ? 13 : 11);
  const side = cell * classes.length;
  return figure({
    ...{ id: 'matrix', title: 'Confusion matrix', description: descriptionOf(data) },
    width: layout.left + side + 2,
    height: layout.top + side + 2,
    drawing: [
      axisTitles(layout, side),
      names.map((one, index) => labels(one, index, layout)),
      cells(data, layout),
    ],
    caption: 'Each cell shows the number of images and, if there is room, their fraction of the row.',
    numbers: matrixTable(data),
  });
}

function descriptionOf({ classes, correct, total }: ReportData): string {
  return (
    `${whole(correct)} of ${whole(total)} images in ${whole(classes.length)} classes are on the diagonal, ` +
    'where the predicted class is the true class. Rows are true classes, columns are predicted classes.'
  );
}

function axisTitles({ left, top }: Layout, side: number): Markup {
  const [x, y] = [left + side / 2, top + side / 2];
  return markup`<text class="axis" x="${x}" y="14" text-anchor="middle">predicted class</text>
<text class="axis" transform="translate(14 ${y}) rotate(-90)" text-anchor="middle">true class</text>`;
}

/** The name of a class, beside its row and above its column. */
function labels(full: string, index: number, { cell, font, left, top, isTurned }: Layout): Markup {
  const shown = fitted(full, widestName);
  const hint = shown === full ? undefined : markup`<title>${full}</title>`;
  const middle = (index + 0.5) * cell;
  const base = font * 0.35;
  const place = isTurned
    ? markup`transform="translate(${left + middle + base} ${top - 8}) rotate(-90)"`
    : markup`x="${left + middle}" y="${top - 8}" text-anchor="middle"`;
  return markup`<text class="label" font-size="${font}" x="${left - 8}" y="${top + middle + base}" text-anchor="end">${shown}${hint}</text>
<text class="label" font-size="${font}" ${place}>${shown}${hint}</text>
`;
}

function cells({ classes, confusion: counts }: ReportData, layout: Layout): readonly Markup[] {
  return counts.map((row, label) => {
    const examples = classes[label]?.examples ?? 0;
    return markup`<g>${row.map((count, predicted) => {
      const share = examples === 0 ? 0 : count / examples;
      const hint = `${classes[label]?.name} predicted as ${classes[predicted]?.name}: ${whole(count)} of ${whole(examples)} (${percent(count / examples)})`;
      return cellAt(label, predicted, { count, share, hint }, layout);
    })}</g>\n`;
  });
}

function cellAt(
  label: number,
  predicted: number,
  { count, share, hint }: { readonly count: number; readonly share: number; readonly hint: string },
  { cell, left, top }: Layout,
): Markup {
  const kind = label === predicted ? 'right' : 'wrong';
  const fill = kind === 'right' ? share : Math.sqrt(share);
  const [x, y] = [left + predicted * cell, top + label * cell];
  const middle = x + cell / 2;
  const hasPercent = cell >= 46;
  const size = Math.min(14, (cell * 0.78) / Math.max(2, whole(count).length * 0.62));
  const text =
    count === 0
      ? undefined
      : markup`<text class="${textOn(kind, fill)}" font-size="${size}" text-anchor="middle" x="${middle}" y="${y + cell / 2 + (hasPercent ? -1 : size * 0.35)}">${whole(count)}${
          hasPercent
            ? markup`<tspan font-size="11" x="${middle}" dy="15">${roundPercent(share)}</tspan>`
            : undefined
        }</text>`;
  return markup`<g><title>${hint}</title><rect class="cell" x="${x}" y="${y}" width="${cell}" height="${cell}"/><rect class="${kind}" fill-opacity="${fill}" x="${x}" y="${y}" width="${cell}" height="${cell}"/>${text}</g>`;
}

/** The matrix of many classes as an image, in which a cell is a few pixels wide. */
function imageMatrix(data: ReportData): Markup {
  const { classes, confusion: counts } = data;
  const drawn = drawConfusion(counts);
  const side = drawn.width;
  const cell = side / classes.length;
  const isNamed = classes.length <= mostNamed;
  const names = classes.map((one, index) => (isNamed ? one.name : String(index)));
  const layout = layoutOf(names, cell, isNamed ? Math.min(13, cell * 0.85) : 12);
  const every = isNamed ? 1 : stepOfLabels(classes.length);
  return figure({
    ...{ id: 'matrix', title: 'Confusion matrix', description: descriptionOf(data) },
    width: layout.left + side + 2,
    height: layout.top + side + 2,
    drawing: [
      axisTitles(layout, side),
      names.map((one, index) => (index % every === 0 ? labels(one, index, layout) : undefined)),
      markup`<image class="matrix" x="${layout.left}" y="${layout.top}" width="${side}" height="${side}" href="${pngUrl(drawn)}"/><rect class="cell" x="${layout.left}" y="${layout.top}" width="${side}" height="${side}"/>`,
    ],
    caption: `A blue shade shows the fraction of the row, a red shade its square root, so that rare mistakes are visible.${
      isNamed ? '' : ' Classes are numbered from 0, as in the table of the next section.'
    } All numbers are in the CSV file of the confusion matrix beside this page.`,
  });
}

/** Returns the distance between numbered classes. */
function stepOfLabels(classes: number): number {
  return [10, 20, 50, 100].find((step) => classes / step <= 30) ?? 200;
}
