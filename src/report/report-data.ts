/** Everything that the page of an evaluation shows, as plain data. */
import type { CalibrationBin } from '../evaluation/calibration.ts';
import type { ClassResult } from '../evaluation/confusion.ts';
import type { Score } from '../evaluation/evaluate.ts';
import type { Predicted } from '../evaluation/worst-mistakes.ts';
import type { Picture } from '../summary/picture.ts';

/** A fact that is shown as text, such as the name of the network. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A mistake with its picture. */
export interface ShownMistake extends Predicted {
  readonly picture: Picture;
  /** Where the picture comes from, such as `cat/1.jpg`. */
  readonly source: string;
}

/** A point of a curve. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** The curves of a run up to the step of the checkpoint. A list is empty if the run has not recorded the values. */
export interface RunCurves {
  /** The total loss of single batches, and its running average. */
  readonly loss: readonly CurvePoint[];
  readonly averagedLoss: readonly CurvePoint[];
  readonly learningRate: readonly CurvePoint[];
  /** Precision @ 1 on held-out images. */
  readonly validation: readonly CurvePoint[];
  /** Precision @ 1 of this and earlier evaluations of the run on the same images. */
  readonly evaluations: readonly CurvePoint[];
}

export interface ReportData extends Score {
  /** What was evaluated, such as `CIFAR-10, test images`. */
  readonly title: string;
  readonly globalStep: number;
  /** The images that were scored, such as `test images`. */
  readonly images: string;
  readonly facts: readonly Fact[];
  /** When the evaluation was made. */
  readonly date: Date;
  readonly classes: readonly ClassResult[];
  /** Numbers of examples by [label][predicted]. */
  readonly confusion: readonly (readonly number[])[];
  /** How many examples have their class among the k that the network ranks highest, or undefined for few classes. */
  readonly top: { readonly k: number; readonly correct: number } | undefined;
  readonly calibration: readonly CalibrationBin[];
  /** The most confident mistakes, most confident first. */
  readonly mistakes: readonly ShownMistake[];
  readonly curves: RunCurves;
}
