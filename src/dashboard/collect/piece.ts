/** What is read from a piece of a file of a run, as plain data that threads send to each other. */
import type { Points } from './series.ts';

/** Where a histogram or an image is. They are decoded on demand. */
export interface Located {
  readonly kind: 'histogram' | 'image';
  readonly tag: string;
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** The offset of its record in the file. */
  readonly start: number;
  /** The size of an image in pixels, or 0. */
  readonly width: number;
  readonly height: number;
}

/** A piece to read. */
export interface PieceRequest {
  readonly path: string;
  /** The offset at which to start. */
  readonly from: number;
  /** The state of the file after the previous piece, or undefined at its start. */
  readonly state: unknown;
}

export interface Piece {
  /** The offset at which the next piece starts. */
  readonly end: number;
  /** Whether the file contains no more complete records at the moment. */
  readonly isAll: boolean;
  /** The state to pass with the next piece. */
  readonly state: unknown;
  /** Points of earlier pieces and files at this step and later ones are invalid, or null. */
  readonly discardFrom: number | null;
  readonly scalars: readonly (Points & { readonly tag: string })[];
  readonly located: readonly Located[];
  /** The plugins that tags named, which are needed to decode what is located. */
  readonly plugins: readonly (readonly [tag: string, plugin: string])[];
  /** The content of the hyperparameters for TensorBoard, or null. */
  readonly hyperparameters: Readonly<Record<string, string>> | null;
  /** Whether the run recorded that it ended. */
  readonly hasEnded: boolean;
  /** Descriptions of damage, at most a few. */
  readonly damages: readonly string[];
}

/** A piece in which nothing is left to read. */
export const emptyPiece: Piece = {
  ...{ end: 0, isAll: true, state: undefined, discardFrom: null, scalars: [], located: [], plugins: [] },
  ...{ hyperparameters: null, hasEnded: false, damages: [] },
};
