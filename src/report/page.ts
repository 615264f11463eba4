/**
 * The page of an evaluation: one HTML file that needs no other file, no script and no network. Its Content-Security-Policy permits
 * nothing but its own style and pictures.
 */
import { createHash } from 'node:crypto';
import { markup, verbatim } from './markup.ts';
import { fraction, whole } from './numbers.ts';
import type { ReportData } from './report-data.ts';
import { sections } from './sections.ts';
import { style } from './style.ts';

/** Returns the page as HTML, which is also well-formed XML. For the same data, it always has the same bytes. */
export function reportPage(data: ReportData): string {
  const { title, globalStep, precision, images, total } = data;
  const shown = sections.flatMap(({ id, title: head, contents }) => {
    const body = contents(data);
    return body === undefined ? [] : [{ id, head, body }];
  });
  const page = markup`<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<title>${fraction(precision)} – ${title}, step ${whole(globalStep)}</title>
<style>${verbatim(style)}</style>
</head>
<body>
<header>
<h1><bdi>${title}</bdi></h1>
<p>Evaluation of step ${whole(globalStep)} on ${whole(total)} ${images}</p>
<nav aria-label="Sections"><ul>${shown.map(({ id, head }) => markup`<li><a href="#${id}">${head}</a></li>`)}</ul></nav>
</header>
<main>
${shown.map(({ id, head, body }) => markup`<section id="${id}" aria-labelledby="${id}-head">\n<h2 id="${id}-head">${head}</h2>\n${body}\n</section>\n`)}</main>
<footer>Written by cifar10. The CSV and JSON files beside this page contain every prediction and all numbers.</footer>
</body>
</html>
`;
  return page.text;
}

const styleHash = createHash('sha256').update(style).digest('base64');
const policy = `default-src 'none'; img-src data:; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
