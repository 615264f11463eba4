/** What the dashboard's server sends to its page, as JSON. The page imports only these types and functions. */

/** Whether a run is being trained now, reached its last step, or ended before. */
export type RunState = 'live' | 'finished' | 'stopped';

/** A run in the list of runs. */
export interface RunSummary {
  /** The id of the run in paths (`idOf` its path). */
  readonly id: string;
  /** The path of the run below the folder of the dashboard, with `/` between its parts; `.` is the folder itself. */
  readonly path: string;
  readonly state: RunState;
  /** Whether all of its files were read. Before that, the curves have only a part of their points. */
  readonly isRead: boolean;
  /** The largest step in its files, or null if they have none. */
  readonly step: number | null;
  /** The step at which the run ends, or null if it is unknown. */
  readonly maxSteps: number | null;
  /** When the first and the last value was written, in seconds since 1970, or null. */
  readonly started: number | null;
  readonly changed: number | null;
  /** Settings by their flag, such as `learning-rate`; empty for event files of other programs. */
  readonly settings: Readonly<Record<string, string>>;
  /** The newest value of each result, such as `precision @ 1`. */
  readonly results: Readonly<Record<string, number>>;
  /** Tags of the values in its files. */
  readonly scalars: readonly string[];
  readonly histograms: readonly string[];
  readonly images: readonly string[];
  /** Which other resources the run has. */
  readonly has: {
    readonly log: boolean;
    readonly checkpoint: boolean;
    readonly evaluations: boolean;
  };
  /** What could not be read, for people. */
  readonly remarks: readonly string[];
}

/** `runs.json` */
export interface RunList {
  readonly version: string;
  /** The words that start this program in a shell, such as `npx cifar10`. */
  readonly program: string;
  /** The name of the folder. */
  readonly folder: string;
  /** Whether the server sends changes. The files of an export do not change. */
  readonly isLive: boolean;
  readonly runs: readonly RunSummary[];
}

/** A curve. All three lists have the same length. Values that are not finite are null. */
export interface Curve {
  readonly steps: readonly number[];
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** `RUN/scalars.json` */
export interface ScalarOverview {
  /** The number of points that the file of the whole curve has, by tag. */
  readonly counts: Readonly<Record<string, number>>;
  readonly curves: Readonly<Record<string, Curve>>;
}

/** The histogram of a tag at a step. A bucket reaches from its edge to the next edge: there is one more edge than counts. */
export interface HistogramAtStep {
  readonly step: number;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** `RUN/histograms/TAG.json` */
export interface HistogramSeries {
  readonly tag: string;
  readonly histograms: readonly HistogramAtStep[];
}

/** `RUN/images.json`. A picture is `RUN/images/N.png` with N its index in this list. */
export interface ImageList {
  readonly images: readonly {
    readonly tag: string;
    readonly step: number;
    readonly width: number;
    readonly height: number;
  }[];
}

/** An evaluation of a run. */
export interface EvaluationLine {
  readonly step: number;
  readonly precision: number;
  readonly images: number;
  /** Which data was scored, such as `test`, with its name if it is not the data of the run. */
  readonly data: string;
  /** Which weights were scored: `ema` by default. */
  readonly weights: string;
  /** The test-time augmentation, or null. */
  readonly tta: string | null;
  /** Seconds since 1970. */
  readonly time: number;
}

/** A confident mistake. Its picture is `RUN/mistakes/N.png` with N its index in the list, if it has one. */
export interface Mistake {
  readonly label: string;
  readonly predicted: string;
  readonly probability: number;
  readonly source: string;
  readonly hasPicture: boolean;
}

/** `RUN/evaluations.json` */
export interface EvaluationList {
  readonly evaluations: readonly EvaluationLine[];
  /** The newest report, or null. */
  readonly report: {
    readonly step: number;
    /** As in `EvaluationLine`; empty if the report does not say it. */
    readonly data: string;
    readonly weights: string;
    readonly classes: readonly string[];
    /** Numbers of examples by [label][predicted]. */
    readonly confusion: readonly (readonly number[])[];
    readonly mistakes: readonly Mistake[];
  } | null;
}

/** `RUN/network.json`: what the page needs to compute with `RUN/checkpoint.safetensors`. */
export interface NetworkDescription {
  readonly step: number;
  readonly classes: readonly string[];
  /** The recipe in the form of `recipe/hyperparameters.ts`, as JSON. */
  readonly recipe: unknown;
  /** The size of the pictures, in cells. */
  readonly imageSize: number;
}

/** A message of `changes`. */
export interface Change {
  /** New points by run and tag, which follow those that were sent. Curves that changed in another way are named in `resources`. */
  readonly points: Readonly<Record<string, Readonly<Record<string, Curve>>>>;
  /** Runs whose entry in `runs.json` changed, whole. */
  readonly runs: readonly RunSummary[];
  /** Ids of runs that are gone. */
  readonly removed: readonly string[];
  /** Paths of other resources that changed. */
  readonly resources: readonly string[];
}

/** Returns the id of a path or tag: letters, digits, `-` and `_` only, different for different texts (base64url of its UTF-8 bytes). */
export function idOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  const digits = btoa(characters);
  return digits.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
