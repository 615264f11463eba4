/** Reads the report of an evaluation (`report-….json`), as far as the page shows it. */
import { readRegularFile } from '../../disk/regular-file.ts';
import type { EvaluationList, Mistake } from '../wire.ts';
import type { FoundReport } from './evaluations.ts';

const maximumBytes = 64 << 20;
/** The most classes of a confusion matrix that is shown. */
const mostClasses = 1000;

export interface ReadReport extends Omit<NonNullable<EvaluationList['report']>, 'mistakes'> {
  readonly mistakes: readonly (Mistake & {
    /** The bytes of the picture in base64, or undefined. */
    readonly picture: string | undefined;
  })[];
}

/** Returns undefined if the file is not such a report. */
export async function readReport({ step, file }: FoundReport): Promise<ReadReport | undefined> {
  try {
    const bytes = await readRegularFile(file.path, { links: 'refuse', maximumBytes });
    const report = fieldsIn(JSON.parse(bytes.toString('utf8')));
    const classes = listIn(report['classes']).map((one) => textIn(fieldsIn(one)['name']));
    const confusion = listIn(report['confusion']).map((row) => listIn(row).map(numberIn));
    if (classes.length === 0 || classes.length > mostClasses || confusion.length !== classes.length)
      return undefined;
    if (confusion.some((row) => row.length !== classes.length)) return undefined;
    const about = { data: textIn(report['evalData']), weights: textIn(report['weights']) };
    return { step, ...about, classes, confusion, mistakes: listIn(report['mistakes']).map(mistakeIn) };
  } catch {
    return undefined;
  }
}

function mistakeIn(value: unknown): ReadReport['mistakes'][number] {
  const { label, predicted, probability, source, picture } = fieldsIn(value);
  const found = typeof picture === 'string' ? picture : undefined;
  return {
    label: textIn(label),
    predicted: textIn(predicted),
    probability: numberIn(probability),
    source: textIn(source),
    hasPicture: found !== undefined,
    picture: found,
  };
}

function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberIn(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
