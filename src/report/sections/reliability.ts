/** How well the confidence of predictions agrees with how many are correct. */
import {
  type CalibrationBin,
  calibrationBins,
  expectedCalibrationError,
  meanConfidence,
} from '../../evaluation/calibration.ts';
import { wilsonInterval } from '../../evaluation/interval.ts';
import { linearAxis } from '../axis.ts';
import { figure, table } from '../figure.ts';
import { type Content, type Markup, markup } from '../markup.ts';
import { axisNumber, fraction, percent, whole } from '../numbers.ts';
import type { ReportData } from '../report-data.ts';
import type { Section } from '../sections.ts';

export const reliabilitySection: Section = { id: 'reliability', title: 'Calibration', contents };

function contents({ calibration, total }: ReportData): Markup {
  const counted = calibration.reduce((sum, { count }) => sum + count, 0);
  if (counted === 0) return markup`<p>No image has a prediction.</p>`;
  const correct = calibration.reduce((sum, bin) => sum + bin.correct, 0);
  const gap = meanConfidence(calibration) - correct / counted;
  const verdict =
    Math.abs(gap) < 0.005
      ? 'about as confident as it is correct'
      : `${gap > 0 ? 'overconfident' : 'underconfident'} by ${percent(Math.abs(gap))}`;
  return markup`<div class="beside">
${diagram(calibration)}
<div>
<p>The confidence of a prediction is the probability of the predicted class. If a network is calibrated, 80% of the predictions
with a confidence of 0.8 are correct, and all bars end at the dashed line. Bars below the line mean that the network is
overconfident.</p>
<p>On average, this network is ${verdict}: its mean confidence is ${fraction(meanConfidence(calibration))}, and ${fraction(correct / counted)} of its
predictions are correct.</p>
<p class="formula">ECE = <span>Σ<sub>m</sub></span> |B<sub>m</sub>| / n · |acc(B<sub>m</sub>) − conf(B<sub>m</sub>)| = <strong>${fraction(expectedCalibrationError(calibration))}</strong></p>
<p>The expected calibration error is the mean difference between the accuracy and the mean confidence of ${calibrationBins} bins
B<sub>m</sub> of equal width, weighted by the number of predictions in them (Guo et al., On calibration of modern neural
networks, ICML 2017). The vertical lines are 95% intervals (Wilson).</p>
${counted === total ? undefined : markup`<p>${whole(total - counted)} images without a prediction, because a score is not finite, are not included.</p>`}
</div></div>`;
}

const [left, top, side, gapBetween, histogram, right, bottom] = [52, 12, 340, 18, 110, 14, 40];

function diagram(bins: readonly CalibrationBin[]): Markup {
  const most = Math.max(...bins.map(({ count }) => count));
  const used = bins.filter(({ count }) => count > 0);
  return figure({
    id: 'reliability-diagram',
    title: 'Reliability diagram and histogram of confidences',
    description:
      `Above, the fraction of correct predictions by confidence in ${bins.length} bins, with a dashed diagonal for perfect ` +
      `calibration. Below, the number of predictions in each bin, at most ${whole(most)}.`,
    width: left + side + right,
    height: top + side + gapBetween + histogram + bottom,
    drawing: [reliability(used), histogramOf(used, most)],
    caption:
      'Blue: the fraction of correct predictions. Red: the difference from the mean confidence of the bin.',
    numbers: binTable(bins),
  });
}

const xOf = (confidence: number) => left + confidence * side;
const yOf = (accuracy: number) => top + (1 - accuracy) * side;

function reliability(bins: readonly CalibrationBin[]): Content {
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      markup`<line class="grid" x1="${left}" x2="${left + side}" y1="${yOf(value)}" y2="${yOf(value)}"/><text class="tick" x="${left - 6}" y="${yOf(value) + 4}" text-anchor="end">${axisNumber(value)}</text>`,
  );
  return [
    grid,
    bins.map(reliabilityBar),
    markup`<line class="ideal" x1="${xOf(0)}" y1="${yOf(0)}" x2="${xOf(1)}" y2="${yOf(1)}"/>
<text class="axis" transform="translate(14 ${top + side / 2}) rotate(-90)" text-anchor="middle">fraction correct</text>`,
  ];
}

function reliabilityBar({ low, high, accuracy, confidence, correct, count }: CalibrationBin): Markup {
  const [x, width] = [xOf(low) + 1, xOf(high) - xOf(low) - 2];
  const [upper, lower] = [Math.max(accuracy, confidence), Math.min(accuracy, confidence)];
  const interval = wilsonInterval(correct, count);
  const middle = x + width / 2;
  return markup`<g><title>confidence ${fraction(low)} to ${fraction(high)}: ${whole(count)} predictions, ${fraction(accuracy)} correct, mean confidence ${fraction(confidence)}</title>
<rect class="accuracy" x="${x}" y="${yOf(accuracy)}" width="${width}" height="${yOf(0) - yOf(accuracy)}"/>
<rect class="gap" x="${x}" y="${yOf(upper)}" width="${width}" height="${yOf(lower) - yOf(upper)}"/>
<line class="interval" x1="${middle}" x2="${middle}" y1="${yOf(interval.high)}" y2="${yOf(interval.low)}"/></g>`;
}

function histogramOf(bins: readonly CalibrationBin[], most: number): Content {
  const start = top + side + gapBetween;
  const axis = linearAxis(0, most, 3);
  const y = (count: number) => start + (1 - axis.place(count)) * histogram;
  const ticks = axis.ticks.map(
    (value) =>
      markup`<line class="grid" x1="${left}" x2="${left + side}" y1="${y(value)}" y2="${y(value)}"/><text class="tick" x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${axisNumber(value)}</text>`,
  );
  const confidences = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      markup`<text class="tick" x="${xOf(value)}" y="${start + histogram + 16}" text-anchor="middle">${axisNumber(value)}</text>`,
  );
  return [
    ticks,
    bins.map(
      ({ low, high, count }) =>
        markup`<rect class="count" x="${xOf(low) + 1}" y="${y(count)}" width="${xOf(high) - xOf(low) - 2}" height="${y(0) - y(count)}"><title>${whole(count)} predictions</title></rect>`,
    ),
    confidences,
    markup`<text class="axis" x="${left + side / 2}" y="${start + histogram + 34}" text-anchor="middle">confidence</text>
<text class="axis" transform="translate(14 ${start + histogram / 2}) rotate(-90)" text-anchor="middle">predictions</text>`,
  ];
}

function binTable(bins: readonly CalibrationBin[]): Markup {
  return table(
    'Predictions by confidence',
    [
      { head: 'confidence' },
      { head: 'predictions', isNumber: true },
      { head: 'mean confidence', isNumber: true },
      { head: 'fraction correct', isNumber: true },
    ],
    bins.map(({ low, high, count, confidence, accuracy }) => [
      `${fraction(low)} to ${fraction(high)}`,
      ...[whole(count), fraction(confidence), fraction(accuracy)],
    ]),
  );
}
