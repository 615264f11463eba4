/** The evaluations of all runs. `eval` writes them to folders of their own, and each line names its checkpoint. */
import { basename, dirname, resolve } from 'node:path';
import { fieldsOfLine } from '../../disk/json-lines.ts';
import { readRegularFile } from '../../disk/regular-file.ts';
import { evaluationsFile } from '../../evaluation/evaluation-log.ts';
import type { EvaluationLine } from '../wire.ts';
import type { FoundFile, FoundRun } from './find-runs.ts';

/** Larger files are not read. */
const maximumBytes = 64 << 20;

/** An evaluation with the folder of its checkpoint as the file names it, and the folder that contains the file. */
interface Evaluated {
  readonly line: EvaluationLine;
  readonly folder: string;
  readonly evalRun: FoundRun;
}

/** A report, with the evaluation folder that contains it. */
export interface FoundReport {
  readonly step: number;
  readonly file: FoundFile;
}

export class Evaluations {
  #seen = '';
  /** The evaluations that belong to each run, by its path. */
  readonly #related = new Map<string, readonly Evaluated[]>();

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
    this.#index(runs, read.flat());
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
    return this.#related.get(run.path) ?? [];
  }

  /** Finds the run of each evaluation. Every evaluation is looked at once, however many runs there are. */
  #index(runs: readonly FoundRun[], all: readonly Evaluated[]): void {
    const folders = new Set(runs.map(({ folder }) => folder));
    const byPlace = new Map<string, Evaluated[]>();
    const byName = new Map<string, Evaluated[]>();
    for (const one of all) {
      // The best checkpoint of a run is in its subfolder `best`. A run may have this name too.
      const isBest = basename(one.folder) === 'best' && !folders.has(one.folder);
      const trainDir = isBest ? dirname(one.folder) : one.folder;
      for (const place of new Set([one.evalRun.folder, trainDir])) add(byPlace, place, one);
      for (const name of new Set([basename(trainDir), basename(one.folder)])) add(byName, name, one);
    }
    const names = new Map<string, FoundRun[]>();
    for (const run of runs) add(names, basename(run.folder), run);
    this.#related.clear();
    for (const run of runs) {
      // In a copied folder, the paths are those of the original. A name that only one run has is good enough.
      const name = basename(run.folder);
      const named = names.get(name)?.length === 1 ? byName.get(name) : undefined;
      this.#related.set(run.path, byPlace.get(run.folder) ?? named ?? []);
    }
  }
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}

/** The weights that `eval` scores by default. */
const usualWeights = 'ema';

/** Whether an evaluation is what `eval` does by default: all evaluations of this kind can be compared with each other. */
export function isUsual({ data, weights, tta }: EvaluationLine): boolean {
  return data === 'test' && weights === usualWeights && tta === null;
}

async function readEvaluations(path: string, evalRun: FoundRun): Promise<readonly Evaluated[]> {
  const bytes = await readRegularFile(path, { links: 'refuse', maximumBytes }).catch(() => Buffer.alloc(0));
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((text) => {
      const { checkpoint, globalStep, precision, total, time, ...how } = fieldsOfLine(text);
      const { evalData, otherData, weights, tta } = how;
      if (typeof checkpoint !== 'string' || typeof globalStep !== 'number' || typeof precision !== 'number')
        return [];
      const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : 0;
      const data = typeof evalData === 'string' ? evalData : 'test';
      const isOther = typeof otherData === 'string';
      const line: EvaluationLine = {
        step: globalStep,
        precision,
        images: typeof total === 'number' ? total : 0,
        // Other data may be the path of a folder, which is not for every viewer.
        data: isOther ? `${data} (${basename(otherData)})` : data,
        weights: typeof weights === 'string' ? weights : usualWeights,
        tta: typeof tta === 'string' ? tta : null,
        time: Number.isFinite(seconds) ? seconds : 0,
      };
      const folder = dirname(resolve(checkpoint));
      return [{ line, evalRun, folder }];
    });
}

function reportsOf({ files }: FoundRun): readonly FoundReport[] {
  return [...files.values()].flatMap((file) => {
    const step = /^report-(\d+)-.*\.json$/.exec(file.name)?.[1];
    return step === undefined ? [] : [{ step: Number(step), file }];
  });
}
