/** Reads pieces of event files and of `metrics.jsonl` in this thread. */
import type { Piece } from './piece.ts';
import { previewOf } from './preview.ts';
import { readEventPiece } from './read-events.ts';
import { readMetricsPiece } from './read-metrics.ts';
import type { ReadPiece } from './run.ts';

export const readPieceHere: ReadPiece = async ({ kind, isPreview, ...request }): Promise<Piece> => {
  if (isPreview === true) return previewOf(kind, request.path);
  return kind === 'metrics' ? readMetricsPiece(request) : readEventPiece(request);
};
