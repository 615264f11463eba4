/** The style of a report. It follows the light or dark setting of the reader. Prints are always light. */
import { blend, cssColor, themes } from './theme.ts';

const { light, dark } = themes;

const lightColors = `
  --page: ${cssColor(light.page)}; --panel: #f5f6f8; --line: #d9dce2; --ink: ${cssColor(light.ink)}; --accent-text: #17659c; --muted: #555d6b;
  --right: ${cssColor(light.right)}; --wrong: ${cssColor(light.wrong)}; --wrong-text: #b3201f;
  --precision: #1f77b4; --recall: #2a8f5b; --f1: #7a57b0; --gap: ${cssColor(blend(light.page, light.wrong, 0.35))};`;
const darkColors = `
  --page: ${cssColor(dark.page)}; --panel: #1e232b; --line: #39404c; --ink: ${cssColor(dark.ink)}; --accent-text: #7dbcec; --muted: #a7b0be;
  --right: ${cssColor(dark.right)}; --wrong: ${cssColor(dark.wrong)}; --wrong-text: #ff9a90;
  --precision: #6fb3e6; --recall: #5cc48d; --f1: #b79ae6; --gap: ${cssColor(blend(dark.page, dark.wrong, 0.45))};`;

export const style: string = `
:root { color-scheme: light dark; ${lightColors} }
@media screen and (prefers-color-scheme: dark) { :root { ${darkColors} } }
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; background: var(--page); color: var(--ink); }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem 1.25rem 4rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 0.75rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
header p { color: var(--muted); margin: 0; }
a { color: inherit; text-underline-offset: 0.2em; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0.75rem 0 0; padding: 0; }
code { font-size: 0.93em; }
sub { line-height: 0; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; margin: 1rem 0; }
.tile { background: var(--panel); border-radius: 8px; padding: 0.75rem 1rem; display: flex; flex-direction: column; }
.tile strong { font-size: 1.9rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile:first-child strong { color: var(--accent-text); }
.tile .detail { color: var(--muted); font-size: 0.82rem; line-height: 1.35; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 0.15rem 2.5rem; margin: 1rem 0 0; }
.facts div { display: flex; gap: 0.75rem; border-bottom: 1px solid var(--line); padding: 0.2rem 0; }
.facts dt { color: var(--muted); flex: 0 0 8.5rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
figure { margin: 1rem 0; }
figure > svg { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--muted); font-size: 0.87rem; margin-top: 0.35rem; max-width: 46rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--muted); }
svg text { font-family: inherit; fill: var(--ink); }
svg .axis, svg .tick { fill: var(--muted); font-size: 12px; }
svg .head { font-size: 14px; font-weight: 600; }
svg .tick { font-size: 11px; font-variant-numeric: tabular-nums; }
svg .cell { fill: none; stroke: var(--line); }
svg .right { fill: var(--right); }
svg .wrong { fill: var(--wrong); }
svg .lt { fill: ${cssColor(light.otherInk)}; }
svg .grid { stroke: var(--line); }
svg .ideal { stroke: var(--ink); stroke-dasharray: 5 4; stroke-width: 1.5; }
svg .accuracy, svg .count { fill: var(--precision); }
svg .gap { fill: var(--gap); stroke: var(--wrong); stroke-width: 0.75; }
svg .interval { stroke: var(--ink); stroke-width: 1.5; }
svg .matrix { image-rendering: pixelated; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .line.raw { stroke: var(--muted); stroke-width: 1; opacity: 0.6; }
svg .line.smooth { stroke: var(--precision); }
svg .line.rate { stroke: var(--f1); }
svg .line.validation { stroke: var(--recall); }
svg .line.evaluations { stroke: var(--precision); stroke-dasharray: 6 3; }
svg .mark.raw { fill: var(--muted); opacity: 0.6; }
svg .mark.smooth, svg .mark.evaluations { fill: var(--precision); }
svg .mark.rate { fill: var(--f1); }
svg .mark.validation { fill: var(--recall); }
svg .track { fill: var(--panel); }
svg rect.precision { fill: var(--precision); }
svg rect.recall { fill: var(--recall); }
svg rect.f1 { fill: var(--f1); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: 0.87rem; padding-bottom: 0.25rem; }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle; }
thead th { color: var(--muted); font-weight: 500; font-size: 0.87rem; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 7.5rem; max-width: 18rem; }
th.n, td.n { text-align: right; padding-right: 1.5rem; }
#classes table { width: 100%; }
.bar { display: flex; align-items: center; gap: 0.6rem; min-width: 9rem; }
.value { flex: 0 0 2.8rem; }
.strip { flex: 1 1 auto; width: 100%; border-radius: 3px; }
.beside { display: grid; grid-template-columns: minmax(0, 26rem) minmax(0, 1fr); gap: 1rem 2.5rem; align-items: start; }
.formula { font-size: 1.05rem; background: var(--panel); border-radius: 8px; padding: 0.5rem 0.75rem; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1.25rem 1rem; list-style: none; padding: 0; }
.mistakes figure { margin: 0; }
.mistakes img { image-rendering: pixelated; width: 100%; height: auto; max-height: 12rem; object-fit: contain; border-radius: 4px; display: block; background: var(--panel); }
.mistakes figcaption { display: flex; flex-direction: column; color: var(--ink); font-size: 0.85rem; line-height: 1.35; overflow-wrap: anywhere; }
.mistakes figcaption > span { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 0.5rem; margin-top: 0.15rem; font-variant-numeric: tabular-nums; }
.mistakes figcaption > span > :last-child:not(:first-child) { flex: none; }
.mistakes .predicted { color: var(--wrong-text); font-weight: 600; }
.mistakes .source { color: var(--muted); font-size: 0.9em; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 2rem; }
footer { margin-top: 3rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--muted); font-size: 0.87rem; }
@media screen and (max-width: 52rem) {
  .beside { grid-template-columns: minmax(0, 1fr); }
  #matrix { overflow-x: auto; }
  #matrix > svg { max-width: none; }
}
@media screen and (prefers-color-scheme: dark) {
  svg .lt { fill: var(--ink); }
  svg .dk { fill: ${cssColor(dark.otherInk)}; }
  svg .matrix { filter: invert(1) hue-rotate(180deg); }
}
@media print {
  @page { size: A4; margin: 14mm; }
  :root { color-scheme: light; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  html { font-size: 9.5pt; }
  body { padding: 0; max-width: none; }
  nav, details { display: none; }
  h2, h3, caption { break-after: avoid; }
  figure, .tile, .facts div, tr, li { break-inside: avoid; }
  thead { break-after: avoid; }
  figure > svg { max-height: 235mm; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  .tiles { grid-template-columns: repeat(5, 1fr); gap: 0.5rem; }
  .tile { padding: 0.5rem 0.6rem; }
  .tile strong { font-size: 1.5rem; }
  #confusion { break-before: page; }
  #confusion h2 { margin-top: 0; }
  #matrix > svg { max-height: 126mm; }
  #overview, #reliability, #curves { break-inside: avoid; }
  footer { margin-top: 1rem; break-before: avoid; }
  .beside { grid-template-columns: minmax(0, 21rem) minmax(0, 1fr); gap: 1rem 1.5rem; }
  .charts { grid-template-columns: 1fr 1fr; gap: 0 1rem; }
  .mistakes { grid-template-columns: repeat(6, 1fr); }
}
`;
