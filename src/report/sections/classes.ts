/** Precision, recall and F1 of each class. */
import type { ClassResult } from '../../evaluation/confusion.ts';
import { type Interval, wilsonInterval } from '../../evaluation/interval.ts';
import { name, table } from '../figure.ts';
import { type Content, type Markup, markup } from '../markup.ts';
import { fraction, whole } from '../numbers.ts';
import type { ReportData } from '../report-data.ts';
import type { Section } from '../sections.ts';

export const classesSection: Section = { id: 'classes', title: 'Results per class', contents };

/** Up to this number of classes, all are shown. With more, those with the lowest F1 are, and the others on request. */
const mostShown = 60;
const shownOfMany = 30;

function contents({ classes }: ReportData): Markup {
  const numbered = classes.map((result, index) => ({ result, index }));
  const isMany = classes.length > mostShown;
  const lowest = isMany
    ? numbered
        .filter(({ result }) => Number.isFinite(result.f1))
        .toSorted((a, b) => a.result.f1 - b.result.f1)
        .slice(0, shownOfMany)
    : numbered;
  return markup`<p>Precision is the fraction of the images predicted as the class that belong to it. Recall is the fraction of the
images of the class that were predicted as it. F1 is their harmonic mean. The lines on the bars are 95% intervals (Wilson).</p>
${barTable(
  isMany
    ? `The ${whole(lowest.length)} classes with the lowest F1, lowest first`
    : 'Results per class, in the order of the classes',
  lowest,
)}
${
  isMany
    ? markup`<details><summary>All ${whole(classes.length)} classes, in their order</summary>
${barTable('Results per class, in the order of the classes', numbered)}</details>`
    : undefined
}`;
}

interface NumberedClass {
  readonly index: number;
  readonly result: ClassResult;
}

function barTable(caption: string, rows: readonly NumberedClass[]): Markup {
  return table(
    caption,
    [
      { head: 'class' },
      { head: markup`<abbr title="number of the class, from 0">no.</abbr>`, isNumber: true },
      { head: 'images', isNumber: true },
      ...['precision', 'recall', 'F1'].map((head) => ({ head })),
    ],
    rows.map(({ index, result }): readonly Content[] => {
      const { examples, predicted, correct, precision, recall, f1 } = result;
      return [
        ...[name(result.name), index, whole(examples)],
        bar('precision', precision, wilsonInterval(correct, predicted)),
        bar('recall', recall, wilsonInterval(correct, examples)),
        bar('f1', f1),
      ];
    }),
  );
}

/** A number with a bar, and the interval of the number as a line. */
function bar(kind: string, value: number, interval?: Interval): Markup {
  if (!Number.isFinite(value)) return markup`<span class="value">–</span>`;
  const line =
    interval &&
    markup`<line class="interval" x1="${interval.low * 100}%" x2="${interval.high * 100}%" y1="50%" y2="50%"/>`;
  const hint =
    interval && markup`<title>95% interval ${fraction(interval.low)} to ${fraction(interval.high)}</title>`;
  return markup`<span class="bar"><span class="value">${fraction(value)}</span><svg class="strip" width="100" height="14" aria-hidden="true">${hint}<rect class="track" width="100%" height="14"/><rect class="${kind}" width="${value * 100}%" height="14"/>${line}</svg></span>`;
}
