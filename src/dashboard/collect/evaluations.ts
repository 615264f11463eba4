/** The evaluations of all runs. `eval` writes them to folders of their own, and each line names its checkpoint. */
import { basename, dirname, resolve } from 'node:path';
import { readRegularFile } from '../../disk/regular-file.ts';
import { evaluationsFile } from '../../evaluation/evaluation-log.ts';
import type { EvaluationLine } from '../wire.ts';
import type { FoundFile, FoundRun } from './find-runs.ts';
import { fieldsOf } from './read-metrics.ts';

/** Larger files are not read. */
const maximumBytes = 64 << 20;

/** An evaluation with the folder of its checkpoint as the file names it, and the folder that contains the file. */
interface Evaluated {
  readonly line: EvaluationLine;
  readonly trainDir: string;
  readonly evalRun: FoundRun;
}

/** A report, with the evaluation folder that contains it. */
export interface FoundReport {
  readonly step: number;
  readonly file: FoundFile;
}

export class Evaluations {
  #seen = '';
  #all: readonly Evaluated[] = [];
  #runs: readonly FoundRun[] = [];

  /** Reads the files if one of them changed. Returns whether that is so. */
  async refresh(runs: readonly FoundRun[]): Promise<boolean> {
    const files = runs.flatMap((run) => {
      const file = run.files.get(evaluationsFile);
      return file === undefined ? [] : [{ run, file }];
    });
    const reports = runs.flatMap(reportsOf);
    const now = JSON.stringify([runs.map(({ path }) => path), files.map(({ file }) => file), reports]);
    if (now === this.#seen) return false;
    const read = await Promise.all(files.map(({ run, file }) => readEvaluations(file.path, run)));
    this.#all = read.flat();
    this.#runs = runs;
    this.#seen = now;
    return true;
  }

  /** Returns the evaluations of a run's checkpoints, and those that its own folder contains, in the order of the steps. */
  of(run: FoundRun): readonly EvaluationLine[] {
    return this.#relatedTo(run)
      .map(({ line }) => line)
      .sort((a, b) => a.step - b.step || a.time - b.time);
  }

  /** Returns the newest report about a run, or undefined. */
  reportOf(run: FoundRun): FoundReport | undefined {
    const folders = new Set([run, ...this.#relatedTo(run).map(({ evalRun }) => evalRun)]);
    const steps = new Set(this.#relatedTo(run).map(({ line }) => line.step));
    const reports = [...folders].flatMap(reportsOf).filter(({ step }) => steps.has(step));
    return reports.reduce<FoundReport | undefined>(
      (newest, one) =>
        newest === undefined || one.file.modifiedMillis > newest.file.modifiedMillis ? one : newest,
      undefined,
    );
  }

  #relatedTo(run: FoundRun): readonly Evaluated[] {
    const exact = this.#all.filter(
      ({ trainDir, evalRun }) => evalRun.path === run.path || trainDir === run.folder,
    );
    if (exact.length > 0) return exact;
    // In a copied folder, the paths are those of the original. A name that only one run has is good enough.
    const name = basename(run.folder);
    const isOnly = this.#runs.filter(({ folder }) => basename(folder) === name).length === 1;
    return isOnly ? this.#all.filter(({ trainDir }) => basename(trainDir) === name) : [];
  }
}

async function readEvaluations(path: string, evalRun: FoundRun): Promise<readonly Evaluated[]> {
  const bytes = await readRegularFile(path, { links: 'refuse', maximumBytes }).catch(() => Buffer.alloc(0));
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((text) => {
      const { checkpoint, globalStep, precision, total, evalData, weights, time } = fieldsOf(text);
      if (typeof checkpoint !== 'string' || typeof globalStep !== 'number' || typeof precision !== 'number')
        return [];
      const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : 0;
      const data = typeof evalData === 'string' ? evalData : 'test';
      const line: EvaluationLine = {
        step: globalStep,
        precision,
        images: typeof total === 'number' ? total : 0,
        data: weights === undefined || weights === 'ema' ? data : `${data}, ${String(weights)} weights`,
        time: Number.isFinite(seconds) ? seconds : 0,
      };
      const folder = dirname(resolve(checkpoint));
      // The best checkpoint of a run is in the subfolder `best`.
      return [{ line, evalRun, trainDir: basename(folder) === 'best' ? dirname(folder) : folder }];
    });
}

function reportsOf({ files }: FoundRun): readonly FoundReport[] {
  return [...files.values()].flatMap((file) => {
    const step = /^report-(\d+)-.*\.json$/.exec(file.name)?.[1];
    return step === undefined ? [] : [{ step: Number(step), file }];
  });
}
