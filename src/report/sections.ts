/** The sections of a report, in order. A new section is a file in `sections/` and a line here. */
import type { Markup } from './markup.ts';
import type { ReportData } from './report-data.ts';
import { classesSection } from './sections/classes.ts';
import { confusionSection } from './sections/confusion.ts';
import { curvesSection } from './sections/curves.ts';
import { mistakesSection } from './sections/mistakes.ts';
import { overviewSection } from './sections/overview.ts';
import { reliabilitySection } from './sections/reliability.ts';

export interface Section {
  /** The id of the section, to which links refer. */
  readonly id: string;
  readonly title: string;
  /** Returns the contents of the section, or undefined to omit it. */
  readonly contents: (data: ReportData) => Markup | undefined;
}

export const sections: readonly Section[] = [
  overviewSection,
  confusionSection,
  classesSection,
  reliabilitySection,
  mistakesSection,
  curvesSection,
];
