/** The most important numbers, and what was evaluated. */
import { expectedCalibrationError } from '../../evaluation/calibration.ts';
import { standardError, wilsonInterval } from '../../evaluation/interval.ts';
import { type Markup, markup } from '../markup.ts';
import { fraction, whole } from '../numbers.ts';
import type { ReportData } from '../report-data.ts';
import type { Section } from '../sections.ts';

export const overviewSection: Section = { id: 'overview', title: 'Overview', contents: overview };

function overview(data: ReportData): Markup {
  const { correct, total, facts, date } = data;
  const iso = date.toISOString();
  const when = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
  return markup`<div class="tiles">
${tilesOf(data).map(tile)}</div>
<p>${whole(correct)} of ${whole(total)} images are classified correctly. The interval is Wilson’s score interval (1927) for a
sample of this size. It does not include the differences between runs with other seeds, which are often larger.</p>
<dl class="facts">
${facts.map(({ name, value }) => markup`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>\n`)}<div><dt>date</dt><dd><time datetime="${iso}">${when}</time></dd></div>
</dl>`;
}

interface Tile {
  readonly value: string;
  readonly name: string;
  readonly detail: string;
}

function tile({ value, name, detail }: Tile): Markup {
  return markup`<div class="tile"><span class="what">${name}</span><strong>${value}</strong><span class="detail">${detail}</span></div>\n`;
}

function tilesOf({
  correct,
  total,
  precision,
  ttaPrecision,
  top,
  classes,
  calibration,
}: ReportData): readonly Tile[] {
  const { low, high } = wilsonInterval(correct, total);
  const f1 = classes.map((one) => one.f1).filter(Number.isFinite);
  const largest = Math.max(...classes.map(({ examples }) => examples));
  return [
    {
      value: fraction(precision),
      name: 'precision @ 1',
      detail: `95% interval ${fraction(low)} to ${fraction(high)}, standard error ${fraction(standardError(correct, total))}`,
    },
    ...(ttaPrecision === undefined
      ? []
      : [
          {
            value: fraction(ttaPrecision),
            name: 'with test-time augmentation',
            detail:
              'precision @ 1 of the scores averaged over views of each image; the other numbers are those of one view',
          },
        ]),
    ...(top === undefined
      ? []
      : [
          {
            value: fraction(top.correct / total),
            name: `precision @ ${top.k}`,
            detail: `the class is among the ${top.k} most probable (top-${top.k} accuracy)`,
          },
        ]),
    {
      value: fraction(f1.reduce((sum, value) => sum + value, 0) / f1.length),
      name: 'macro F1',
      detail: 'mean of the F1 scores of the classes',
    },
    {
      value: fraction(expectedCalibrationError(calibration)),
      name: 'calibration error',
      detail: 'expected calibration error (ECE), 0 is best',
    },
    {
      value: fraction(largest / total),
      name: 'baseline',
      detail: 'precision @ 1 of always predicting the most frequent class',
    },
  ];
}
