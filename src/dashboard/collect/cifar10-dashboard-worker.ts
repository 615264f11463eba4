/** A thread that reads pieces of the files of runs, so that the server answers meanwhile. */
import { serve } from '../../threads/serve.ts';
import type { PieceMethods } from './piece-readers.ts';
import { readPieceHere } from './read-piece.ts';

serve<null, PieceMethods>(() => ({ read: readPieceHere }));
