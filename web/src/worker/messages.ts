/** What the page and its worker send each other. Every request is answered by one reply; progress may come before it. */
import type { LabeledPicture } from '../../../src/page/page-examples.ts';
import type { Insight } from '../../../src/page/page-model.ts';
import type { PageLook, PageStep } from '../../../src/page/page-training.ts';

/** The requests, each with its argument and its result. A new request is a line here and a handler in `worker.ts`. */
export interface Requests {
  /** Says what the address of the page asks for (`?engine=`). The first request. */
  useEngine: { readonly argument: string | null; readonly result: null };
  /** Opens a checkpoint or an exported ONNX file, instead of the model that was open. */
  openModel: { readonly argument: Uint8Array; readonly result: OpenedModel };
  explain: { readonly argument: ExplainRequest; readonly result: Insight };
  /** Begins a run, or continues the stored one, and stops the one before it. */
  beginTraining: { readonly argument: TrainingStart; readonly result: TrainingBegun };
  /** Trains until `pause`. Every step is reported by a progress message. */
  train: { readonly argument: null; readonly result: number };
  pause: { readonly argument: null; readonly result: null };
  setLearningRate: { readonly argument: number; readonly result: null };
  /** Scores the run, and returns its filters and its checkpoint, all of the same step. */
  look: { readonly argument: null; readonly result: PageLook };
  checkpoint: { readonly argument: null; readonly result: Uint8Array };
  onnxFile: { readonly argument: null; readonly result: Uint8Array };
}

export type RequestName = keyof Requests;

export interface OpenedModel {
  readonly classes: readonly string[];
  readonly globalStep: number;
  /** Where it computes, in words. */
  readonly device: string;
}

export interface PicturePixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface ExplainRequest {
  readonly picture: PicturePixels;
  /** The class to explain, or null for the most probable one. */
  readonly explained: number | null;
}

/** A picture of a class, [3, 32, 32]. */
export type StoredPicture = LabeledPicture;

/** The pictures of a run: those of the user with the names of their classes, or the generated set. */
export type TrainingData =
  | { readonly kind: 'generated' }
  | {
      readonly kind: 'pictures';
      readonly classes: readonly string[];
      readonly pictures: readonly StoredPicture[];
    };

export interface TrainingStart {
  readonly data: TrainingData;
  readonly learningRate: number;
  /** The checkpoint of a run that continues, or null for a new run. */
  readonly checkpoint: Uint8Array | null;
}

export interface TrainingBegun {
  /** Whether the pictures are the generated set. */
  readonly isGenerated: boolean;
  readonly step: number;
  readonly classes: readonly string[];
  readonly trainingPictures: number;
  readonly heldOutPictures: number;
  readonly learningRate: number;
  readonly batchSize: number;
  /** Where it computes, in words. */
  readonly device: string;
}

export type ProgressEvent =
  | { readonly kind: 'loading'; readonly what: string; readonly done: number }
  | { readonly kind: 'step'; readonly step: PageStep; readonly imagesPerSecond: number };

/** Page → worker. */
export interface RequestMessage {
  readonly id: number;
  readonly name: RequestName;
  readonly argument: unknown;
}

/** Worker → page. */
export type WorkerMessage =
  | { readonly kind: 'reply'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  | { readonly kind: 'progress'; readonly event: ProgressEvent };
