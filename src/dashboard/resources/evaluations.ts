/** `RUN/evaluations.json`, and `RUN/mistakes/N.png`: the evaluations of a run, and its newest report. */
import type { FoundReport } from '../collect/evaluations.ts';
import { type ReadReport, readReport } from '../collect/report.ts';
import { isPicture } from '../picture-type.ts';
import { always, jsonType, type Place, type Resource } from '../resource.ts';
import type { EvaluationList } from '../wire.ts';

/** The most reports that are kept. */
const mostReports = 4;

export const evaluationsResource: Resource = {
  pattern: 'RUN/evaluations.json',
  type: jsonType,
  list: always,
  make: async (place) => {
    const report = await reportAt(place);
    const list: EvaluationList = {
      evaluations: place.source.evaluations.of(place.known.run.found),
      report:
        report === undefined
          ? null
          : { ...report, mistakes: report.mistakes.map(({ picture: _, ...mistake }) => mistake) },
    };
    return JSON.stringify(list);
  },
};

export const mistakeResource: Resource = {
  pattern: 'RUN/mistakes/N.png',
  type: 'image/png',
  list: async (place) => {
    const { mistakes = [] } = (await reportAt(place)) ?? {};
    return mistakes.flatMap(({ hasPicture }, index) => (hasPicture ? [String(index)] : []));
  },
  make: async (place) => {
    const picture = (await reportAt(place))?.mistakes[place.number]?.picture;
    const bytes = picture === undefined ? undefined : Buffer.from(picture, 'base64');
    return bytes !== undefined && isPicture(bytes) ? bytes : undefined;
  },
};

async function reportAt({ source, known }: Place): Promise<ReadReport | undefined> {
  const found = source.evaluations.reportOf(known.run.found);
  return found && reports.of(found);
}

/** The reports that were read last. Every picture of a mistake is a part of its report. */
class Reports {
  readonly #read = new Map<string, Promise<ReadReport | undefined>>();

  of(found: FoundReport): Promise<ReadReport | undefined> {
    const { path, inode, size, modifiedMillis } = found.file;
    const key = `${path}:${inode}:${size}:${modifiedMillis}`;
    const report = this.#read.get(key) ?? readReport(found);
    this.#read.delete(key);
    this.#read.set(key, report);
    const [oldest] = this.#read.keys();
    if (this.#read.size > mostReports && oldest !== undefined) this.#read.delete(oldest);
    // A report that could not be read is tried again.
    void report.then((value) => value === undefined && this.#read.delete(key));
    return report;
  }
}

const reports = new Reports();
