/** The entry point of the thread that draws the sheet of a data set's pictures. */
import type { ExampleRecords } from '../data/examples.ts';
import { serve } from '../threads/serve.ts';
import { dataSheetPng } from './data-sheet.ts';
import type { SheetMethods } from './data-sheet-thread.ts';

serve<ExampleRecords, SheetMethods>((examples) => ({ draw: (options) => dataSheetPng(examples, options) }));
