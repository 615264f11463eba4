/** Makes the data of reports for tests. */
import { Calibration } from '../evaluation/calibration.ts';
import { ConfusionMatrix } from '../evaluation/confusion.ts';
import type { ReportData, ShownMistake } from '../report/report-data.ts';
import { RandomStream } from '../tensor/random.ts';

/** Names that a page must not confuse with its own text. */
export const hostileNames: readonly string[] = [
  '</title></style><script>alert(1)</script>',
  `" onload="alert(1)" x='`,
  '&amp; <!-- ]]>',
  'Ärger, 猫 🐈‍⬛',
  'سمك',
  'line\nbreak \u202e\u0000 \ud800',
];

const noCurves: ReportData['curves'] = {
  ...{ loss: [], averagedLoss: [], learningRate: [], validation: [], evaluations: [] },
};

/** Makes the data of a report in which about 70% of the predictions are correct, with as many curves and mistakes as possible. */
export function sampleReport(names: readonly string[], perClass: number): ReportData {
  const stream = new RandomStream(1, 'test');
  const confusion = new ConfusionMatrix(names);
  const calibration = new Calibration();
  const mistakes: ShownMistake[] = [];
  let [correct, total] = [0, 0];
  for (let label = 0; label < names.length; label++)
    for (let index = 0; index < perClass; index++) {
      const predicted = stream.below(10) < 7 ? label : stream.below(names.length);
      const logits = Float32Array.from(names, (_, k) => Number(k === predicted));
      const isCorrect = label === predicted;
      const probability = (1 + stream.below(1000)) / 1000;
      confusion.add({ label, logits, correct: isCorrect });
      calibration.add(probability, isCorrect);
      if (isCorrect) correct++;
      else mistakes.push({ example: total, label, predicted, probability, ...noise(stream) });
      total++;
    }
  return {
    ...{ correct, total, precision: correct / total, globalStep: 3000 },
    ...{ title: `The pictures in ${names[0]}: test images`, images: 'test images' },
    facts: [{ name: 'data set', value: names[0] ?? '' }],
    date: new Date('2026-01-02T03:04:05Z'),
    ...{ classes: confusion.byClass, confusion: confusion.counts },
    top: names.length < 8 ? undefined : { k: 5, correct: Math.round((correct + total) / 2) },
    calibration: calibration.bins,
    mistakes: mistakes.slice(0, 36),
    curves: {
      loss: curve(1000, (part) => 4 * Math.exp(-4 * part) + stream.below(100) / 100),
      averagedLoss: curve(1000, (part) => 4 * Math.exp(-4 * part) + 0.5),
      learningRate: curve(1000, (part) => 0.1 * 10 ** -Math.floor(part * 4)),
      validation: curve(12, (part) => 0.8 * part),
      evaluations: curve(3, (part) => 0.9 * part),
    },
  };
}

/** A report about a single example, without anything else that could be shown. */
export function emptyReport(isCorrect: boolean): ReportData {
  const confusion = new ConfusionMatrix(['cat', 'dog']);
  const logits = isCorrect ? Float32Array.of(1, 0) : Float32Array.of(Number.NaN, 0);
  confusion.add({ label: 0, logits, correct: isCorrect });
  const correct = Number(isCorrect);
  return {
    ...{ correct, total: 1, precision: correct, globalStep: 0, title: 'CIFAR-10', images: 'test images' },
    ...{ facts: [], date: new Date(0), classes: confusion.byClass, confusion: confusion.counts },
    ...{ top: undefined, calibration: new Calibration().bins, mistakes: [], curves: noCurves },
  };
}

function noise(stream: RandomStream): Pick<ShownMistake, 'picture' | 'source' | 'probabilityOfLabel'> {
  const [width, height, channels] = [8, 6, 3] as const;
  const data = Uint8Array.from({ length: width * height * channels }, () => stream.below(256));
  return {
    picture: { width, height, channels, data },
    source: '<i>& "photos"/1.jpg',
    probabilityOfLabel: stream.below(100) / 1000,
  };
}

function curve(points: number, value: (part: number) => number): ReportData['curves']['loss'] {
  return Array.from({ length: points }, (_, index) => ({
    step: Math.round(((index + 1) * 3000) / points),
    value: value((index + 1) / points),
  }));
}
