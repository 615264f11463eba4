/** Reads pieces of event files and of `metrics.jsonl` in this thread. */
import type { Piece } from './piece.ts';
import { readEventPiece } from './read-events.ts';
import { readMetricsPiece } from './read-metrics.ts';
import type { ReadPiece } from './run.ts';

export const readPieceHere: ReadPiece = async ({ kind, ...request }): Promise<Piece> =>
  kind === 'metrics' ? readMetricsPiece(request) : readEventPiece(request);
